/**
 * The registry's web page: what runs in the browser are these files as they stand. It draws what /-/api/ answers, by
 * address: #/ the repositories, #/r/NAME one of them, #/r/NAME:TAG and #/r/NAME@DIGEST an image.
 */
import { Refusal } from "./api.js";
import { byId, dialog, h, main, query } from "./elements.js";
import { drawWho, loadSession, logIn, session } from "./session.js";
import { image } from "./views/image.js";
import { repositories } from "./views/repositories.js";
import { repository } from "./views/repository.js";

/** What a refusal's status is called. */
const titles = new Map([
  [401, "Log in"],
  [403, "Not allowed"],
  [404, "Not here"],
]);

/** Draws what the address says. A slower earlier drawing never overwrites a later one. */
let drawing = 0;
async function draw() {
  const turn = ++drawing;
  const [path = "/", search = ""] = location.hash.replace(/^#/, "").split("?", 2);
  const parameters = new URLSearchParams(search);
  const [, name, mark, reference] = /^\/r\/([^:@]+)(?:([:@])(.+))?$/.exec(decodeURI(path)) ?? [];
  /** @type {(Node | undefined | false)[]} */
  let content;
  try {
    content = await (name === undefined
      ? repositories(parameters)
      : mark && reference
        ? image(name, reference, parameters)
        : repository(name, () => void draw()));
  } catch (error) {
    content = problem(error);
  }
  if (turn !== drawing) return;
  main.replaceChildren(...content.filter((node) => node instanceof Node));
  document.title = `${main.querySelector("h1")?.textContent ?? ""} · Berth registry`;
}

/** @param {unknown} error */
function problem(error) {
  const status = error instanceof Refusal ? error.status : 0;
  return [
    h("h1", {}, titles.get(status) ?? "That did not work"),
    h("p", { class: "empty" }, error instanceof Error ? error.message : String(error)),
    session.canLogIn &&
      session.user === null &&
      h("button", { type: "button", class: "primary", onclick: () => logIn(restart) }, "Log in"),
    h("p", {}, h("a", { href: "#/" }, "All repositories")),
  ];
}

async function start() {
  await loadSession();
  drawWho(restart);
  await draw();
}
const restart = () => void start();

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
query.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    const q = query.value.trim();
    location.hash = q === "" ? "#/" : `#/?${new URLSearchParams({ q })}`;
  }, 150);
});
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  main.querySelector("a")?.focus();
});
document.addEventListener("keydown", (event) => {
  const inField = event.target instanceof HTMLInputElement || dialog.open;
  if (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    query.focus();
    query.select();
  } else if (event.key === "Escape" && event.target === query) query.blur();
});
window.addEventListener("hashchange", () => {
  void draw().then(() => {
    if (document.activeElement !== query) main.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
});
document.querySelector(".skip")?.addEventListener("click", (event) => {
  // The address belongs to the view.
  event.preventDefault();
  main.focus();
});
void start();
