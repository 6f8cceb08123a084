import { api } from "../api.js";
import { facts, h, lines, table } from "../elements.js";
import { commandBox, copy } from "../notices.js";
import { session } from "../session.js";
import { ago, short, size } from "../text.js";
import { historyList } from "./history.js";
import { remove } from "./remove.js";

/** @import { Image, Platform, Referrer } from "../api.js" */

/**
 * How the address of the view names the image.
 * @typedef {{ name: string, reference: string, byDigest: boolean, address: string, title: string }} Address
 */

/**
 * One image. Of an index the facts are those of one platform.
 * @param {string} name
 * @param {string} reference a tag, or a digest
 * @param {URLSearchParams} parameters `platform`: the digest of the one to show
 */
export async function image(name, reference, parameters) {
  const byDigest = reference.includes(":");
  const title = byDigest ? `${name}@${short(reference)}` : `${name}:${reference}`;
  /** @type {Address} */
  const at = { name, reference, byDigest, title, address: `${name}${byDigest ? "@" : ":"}${reference}` };
  /** @type {Image} */
  const whole = await api("image", { name, reference });
  const wanted = parameters.get("platform");
  const chosen =
    whole.platforms?.find(({ digest }) => digest === wanted) ?? whole.platforms?.find(({ size }) => size !== undefined);
  /** @type {Image} */
  const it = chosen?.size === undefined ? whole : await api("image", { name, reference: chosen.digest });
  const labels = Object.entries({ ...it.config?.labels, ...whole.annotations }).map(
    ([key, value]) => `${key}=${value}`,
  );
  return [
    crumbs(name),
    titleBar(whole, at),
    commandBox(`docker pull ${session.host}/${at.address}`),
    whole.platforms && tabs(whole.platforms, at.address, chosen?.digest),
    factsOf(whole, it, at),
    digestLine(whole.digest),
    content(it),
    lines("Environment", it.config?.env),
    lines("Labels and annotations", labels),
    whole.referrers.length > 0 && attached(name, whole.referrers),
  ];
}

/** @param {string} name */
function crumbs(name) {
  return h(
    "nav",
    { class: "crumbs", "aria-label": "Breadcrumb" },
    h("a", { href: "#/" }, "Repositories"),
    " / ",
    h("a", { href: `#/r/${name}` }, name),
  );
}

/** @param {Image} image @param {Address} at */
function titleBar({ mayDelete, tags }, { name, reference, byDigest, title }) {
  const ask = async () => {
    const ofTags = tags.length > 0 ? ` (${tags.join(", ")})` : "";
    const question = byDigest
      ? `Delete the image ${short(reference)} and its tags${ofTags}?`
      : `Delete ${title}? If this is the image's last tag, the image goes too.`;
    if (await remove(name, reference, question)) location.hash = `#/r/${name}`;
  };
  return h(
    "div",
    { class: "titlebar" },
    h("h1", {}, title),
    mayDelete && h("button", { type: "button", class: "danger", onclick: () => void ask() }, "Delete"),
  );
}

/** @param {Platform[]} platforms @param {string} address @param {string | undefined} chosen its digest */
function tabs(platforms, address, chosen) {
  return h(
    "nav",
    { class: "tabs", "aria-label": "Platforms" },
    ...platforms.map(({ platform, digest, size: bytes }) =>
      bytes === undefined
        ? h("span", { class: "chip faint", title: `${digest} is not in this registry` }, platform)
        : h(
            "a",
            { href: `#/r/${address}?platform=${digest}`, "aria-current": digest === chosen ? "true" : undefined },
            platform,
          ),
    ),
  );
}

/** @param {Image} whole @param {Image} it the platform's @param {Address} at */
function factsOf(whole, it, { name, byDigest }) {
  /** @param {string[] | undefined} list */
  const joined = (list) => (list && list.length > 0 ? h("code", {}, JSON.stringify(list)) : undefined);
  const tags = whole.tags.flatMap((tag, index) => [index > 0 ? ", " : "", h("a", { href: `#/r/${name}:${tag}` }, tag)]);
  return facts([
    ["Platform", it.platform],
    ["Type", it.artifactType && !it.artifactType.includes("image.") ? it.artifactType : undefined],
    ["Size", size(it.size)],
    ["Layers", it.layers ? String(it.layers.length) : undefined],
    ["Created", it.created ? ago(it.created) : undefined],
    ["Pushed", h("span", {}, ago(whole.pushed), whole.pushedBy ? ` by ${whole.pushedBy}` : "")],
    ["Pulled", whole.pulled ? ago(whole.pulled) : undefined],
    ["Entrypoint", joined(it.config?.entrypoint)],
    ["Command", joined(it.config?.cmd)],
    ["User", it.config?.user],
    ["Directory", it.config?.workingDir],
    ["Ports", it.config?.ports?.join(", ")],
    ["Volumes", it.config?.volumes?.join(", ")],
    // The one tag that the address names is no news.
    ["Tags", whole.tags.length > (byDigest ? 0 : 1) ? h("span", {}, ...tags) : undefined],
  ]);
}

/** @param {string} digest */
function digestLine(digest) {
  return h(
    "p",
    { class: "digest" },
    h("span", { class: "faint" }, "Digest "),
    h("code", {}, digest),
    " ",
    h("button", { type: "button", class: "quiet", onclick: () => void copy(digest) }, "Copy"),
  );
}

/** The history, or the layers of what has none. @param {Image} image */
function content({ history, layers }) {
  const largest = Math.max(0, ...(layers ?? []).map((layer) => layer.size));
  if (history) return history.length > 0 && h("section", {}, h("h2", {}, "History"), historyList(history, largest));
  const steps = layers?.map((layer) => ({ command: layer.mediaType, layer }));
  return steps && h("section", {}, h("h2", {}, "Content"), historyList(steps, largest));
}

/** What refers to the image: signatures, for one. @param {string} name @param {Referrer[]} referrers */
function attached(name, referrers) {
  const rows = referrers.map(({ artifactType, digest, size: bytes }) =>
    h(
      "tr",
      {},
      h("td", { class: "wide" }, artifactType ?? "unknown"),
      h("td", { class: "number" }, size(bytes)),
      h("td", {}, h("a", { href: `#/r/${name}@${digest}`, class: "mono" }, short(digest))),
    ),
  );
  return h("section", {}, h("h2", {}, "Attached"), table(["Type", "Size", "Digest"], rows));
}
