import { byId, dialog, h } from "./elements.js";

/** @param {string} text */
export function tell(text) {
  const toast = byId("toast");
  toast.textContent = text;
  toast.className = "shown";
  setTimeout(() => (toast.className = ""), 1800);
}

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Plain HTTP has no clipboard; the old way still works there.
    const area = /** @type {HTMLTextAreaElement} */ (h("textarea", { class: "offscreen" }));
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  tell("Copied");
}

/** @param {string} command */
export function commandBox(command) {
  return h(
    "div",
    { class: "command" },
    h("code", {}, command),
    h("button", { type: "button", onclick: () => void copy(command), "aria-label": `Copy: ${command}` }, "Copy"),
  );
}

/** @param {string} question @param {string} action @returns {Promise<boolean>} */
export function confirmed(question, action) {
  return new Promise((resolve) => {
    // Not by its "close" event: that comes late, and could answer the next question.
    const answer = (/** @type {boolean} */ yes) => {
      dialog.close();
      resolve(yes);
    };
    const no = h("button", { type: "button", onclick: () => answer(false) }, "Cancel");
    dialog.replaceChildren(
      h("p", {}, question),
      h(
        "div",
        { class: "buttons" },
        no,
        h("button", { type: "button", class: "danger", onclick: () => answer(true) }, action),
      ),
    );
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
    no.focus();
  });
}
