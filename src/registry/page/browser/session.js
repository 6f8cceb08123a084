import { api } from "./api.js";
import { byId, dialog, h } from "./elements.js";

/** @import { Session } from "./api.js" */

/**
 * Who looks at the page, and what the registry lets them do.
 * @type {Session}
 */
export let session = { user: null, canLogIn: false, open: false, host: location.host };

/** Asks anew; what cannot be asked stays as it was. */
export async function loadSession() {
  session = await api("session").catch(() => session);
}

/**
 * Draws who is logged in.
 * @param {() => void} changed runs after somebody logged in or out
 */
export function drawWho(changed) {
  const who = byId("who");
  if (session.user !== null) {
    const out = () => void api("session", {}, { method: "DELETE" }).then(changed);
    who.replaceChildren(h("span", {}, session.user), h("button", { type: "button", onclick: out }, "Log out"));
  } else if (session.canLogIn) {
    who.replaceChildren(h("button", { type: "button", onclick: () => logIn(changed) }, "Log in"));
  } else who.replaceChildren();
}

/**
 * Asks for user and password.
 * @param {() => void} changed runs once they are right
 */
export function logIn(changed) {
  const problem = h("p", { class: "problem", role: "alert" });
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    const body = new URLSearchParams();
    for (const [key, value] of new FormData(form)) body.set(key, String(value));
    api("session", {}, { method: "POST", body }).then(
      () => {
        dialog.close();
        changed();
      },
      (error) => (problem.textContent = error.message),
    );
  };
  const form = /** @type {HTMLFormElement} */ (
    h(
      "form",
      { onsubmit: send },
      h("h2", {}, "Log in"),
      h("label", {}, "User", h("input", { name: "user", autocomplete: "username", required: true, autofocus: true })),
      h(
        "label",
        {},
        "Password",
        h("input", { name: "password", type: "password", autocomplete: "current-password", required: true }),
      ),
      problem,
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"),
        h("button", { class: "primary" }, "Log in"),
      ),
    )
  );
  dialog.oncancel = null;
  dialog.replaceChildren(form);
  dialog.showModal();
}
