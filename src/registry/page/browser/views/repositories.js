import { api } from "../api.js";
import { h, query, table } from "../elements.js";
import { commandBox } from "../notices.js";
import { session } from "../session.js";
import { ago } from "../text.js";

/** @import { Summaries, Summary } from "../api.js" */

/**
 * The repositories, or those that a search found.
 * @param {URLSearchParams} parameters `q`: what to look for; `page`
 */
export async function repositories(parameters) {
  const q = parameters.get("q") ?? "";
  const page = parameters.get("page") ?? "1";
  /** @type {Summaries} */
  const found = await api("repositories", { q, page });
  if (document.activeElement !== query) query.value = q;
  return [
    h("h1", {}, q ? `Repositories matching “${q}”` : "Repositories"),
    found.total === 0 ? nothing(q) : table(["Name", "Tags", "Pulls", "Updated"], found.repositories.map(row)),
    found.pages > 1 && pages(found, q),
  ];
}

/** @param {Summary} summary */
function row({ name, description, tags, updated, pulls }) {
  return h(
    "tr",
    {},
    h("td", { class: "wide" }, h("a", { href: `#/r/${name}` }, name), h("div", { class: "faint" }, description ?? "")),
    h("td", { class: "number" }, String(tags)),
    h("td", { class: "number" }, String(pulls)),
    h("td", {}, ago(updated)),
  );
}

/** @param {string} q */
function nothing(q) {
  if (q) return h("p", { class: "empty" }, `No repository matches “${q}”.`);
  if (!session.open && session.user === null)
    return h("div", { class: "empty" }, h("p", {}, "Nothing here for everybody to see."));
  return h(
    "div",
    { class: "empty" },
    h("p", {}, "No images yet. Push one:"),
    commandBox(`docker tag IMAGE ${session.host}/IMAGE`),
    commandBox(`docker push ${session.host}/IMAGE`),
  );
}

/** @param {Summaries} found @param {string} q */
function pages({ page, pages }, q) {
  /** @param {number} number */
  const link = (number) => `#/?${new URLSearchParams({ ...(q ? { q } : {}), page: String(number) })}`;
  return h(
    "nav",
    { class: "pages", "aria-label": "Pages" },
    page > 1 ? h("a", { href: link(page - 1), rel: "prev" }, "← Previous") : h("span", {}),
    h("span", {}, `Page ${page} of ${pages}`),
    page < pages ? h("a", { href: link(page + 1), rel: "next" }, "Next →") : h("span", {}),
  );
}
