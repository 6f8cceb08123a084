/** The elements of the page. Texts from outside only ever become text nodes. */

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
export const main = byId("main");
export const query = /** @type {HTMLInputElement} */ (byId("query"));
export const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));

/**
 * An element. Properties named on… are listeners, the others attributes; undefined and false leave them out.
 * @param {string} tag
 * @param {Record<string, string | boolean | undefined | ((event: Event) => void)>} properties
 * @param {(Node | string | undefined | false)[]} children
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** @param {string[]} head @param {HTMLElement[]} rows */
export function table(head, rows) {
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...rows),
    ),
  );
}

/** @param {[string, Node | string | undefined][]} entries */
export function facts(entries) {
  return h(
    "dl",
    { class: "facts" },
    ...entries.flatMap(([term, value]) =>
      value === undefined || value === "" ? [] : [h("div", {}, h("dt", {}, term), h("dd", {}, value))],
    ),
  );
}

/** @param {string} title @param {string[] | undefined} lines */
export function lines(title, lines) {
  return (
    lines &&
    lines.length > 0 &&
    h(
      "section",
      {},
      h("h2", {}, title),
      h("ul", { class: "lines" }, ...lines.map((line) => h("li", {}, h("code", {}, line)))),
    )
  );
}
