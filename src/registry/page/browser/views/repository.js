import { api } from "../api.js";
import { facts, h, table } from "../elements.js";
import { commandBox } from "../notices.js";
import { session } from "../session.js";
import { ago, short, size } from "../text.js";
import { remove } from "./remove.js";

/** @import { Repository, Tag } from "../api.js" */

/**
 * One repository and its tags.
 * @param {string} name
 * @param {() => void} redraw runs after a tag was deleted
 */
export async function repository(name, redraw) {
  /** @type {Repository} */
  const it = await api("repository", { name });
  const rows = it.tags.map((tag) => row(it, tag, redraw));
  const preferred = it.tags.find((tag) => tag.name === "latest") ?? it.tags[0];
  return [
    h("nav", { class: "crumbs", "aria-label": "Breadcrumb" }, h("a", { href: "#/" }, "Repositories")),
    h("h1", {}, name),
    it.description ? h("p", { class: "lead" }, it.description) : undefined,
    preferred &&
      commandBox(`docker pull ${session.host}/${name}${preferred.name === "latest" ? "" : `:${preferred.name}`}`),
    facts([
      ["Tags", String(it.tags.length)],
      ["Pulls", String(it.pulls)],
      ["Size", it.quota === undefined ? size(it.usage) : `${size(it.usage)} of ${size(it.quota)}`],
      ["Manifests without a tag", it.untagged > 0 ? String(it.untagged) : undefined],
    ]),
    it.tags.length > 10 && filterOf(rows),
    it.tags.length === 0
      ? h("p", { class: "empty" }, "No tags.")
      : table(["Tag", "Platforms", "Size", "Pushed", "Digest", ""], rows),
  ];
}

/** @param {Repository} repository @param {Tag} tag @param {() => void} redraw */
function row({ name, mayDelete }, tag, redraw) {
  return h(
    "tr",
    { "data-tag": tag.name },
    h("td", { class: "wide" }, h("a", { href: `#/r/${name}:${tag.name}` }, tag.name)),
    h(
      "td",
      {},
      ...tag.platforms.slice(0, 6).map((text) => h("span", { class: "chip" }, text)),
      tag.platforms.length > 6 && h("span", { class: "faint" }, ` +${tag.platforms.length - 6}`),
    ),
    h("td", { class: "number" }, size(tag.size)),
    h("td", {}, ago(tag.updated)),
    h(
      "td",
      {},
      h("a", { href: `#/r/${name}@${tag.digest}`, class: "mono faint", title: tag.digest }, short(tag.digest)),
    ),
    h("td", {}, mayDelete && deletion(name, tag.name, redraw)),
  );
}

/** @param {string} name @param {string} tag @param {() => void} redraw */
function deletion(name, tag, redraw) {
  const ask = async () => {
    const question = `Delete ${name}:${tag}? If this is the image's last tag, the image goes too.`;
    if (await remove(name, tag, question)) redraw();
  };
  return h(
    "button",
    { type: "button", class: "quiet danger", "aria-label": `Delete tag ${tag}`, onclick: () => void ask() },
    "Delete",
  );
}

/** A field that hides the rows of other tags. @param {HTMLElement[]} rows */
function filterOf(rows) {
  return h("input", {
    type: "search",
    placeholder: "Filter tags",
    "aria-label": "Filter tags",
    class: "filter",
    oninput: (event) => {
      const text = /** @type {HTMLInputElement} */ (event.target).value;
      for (const row of rows) row.hidden = !(row.dataset["tag"] ?? "").includes(text);
    },
  });
}
