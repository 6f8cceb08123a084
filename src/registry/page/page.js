/**
 * The registry's web page: what runs in the browser is this file as it stands. It draws what /-/api/ answers, by
 * address: #/ the repositories, #/r/NAME one of them, #/r/NAME:TAG and #/r/NAME@DIGEST an image.
 * Texts from outside only ever become text nodes.
 *
 * @typedef {{ user: string | null, canLogIn: boolean, open: boolean, host: string }} Session
 * @typedef {{ name: string, description: string | null, pulls: number, tags: number, updated: number }} Summary
 * @typedef {{ name: string, digest: string, updated: number, size: number, platforms: string[] }} Tag
 * @typedef {{ name: string, description: string | null, pulls: number, usage: number, quota?: number, mayDelete: boolean, untagged: number, tags: Tag[] }} Repository
 * @typedef {{ command: string, created?: string, comment?: string, layer?: { digest: string, size: number } }} Step
 * @typedef {{ name: string, mayDelete: boolean, digest: string, mediaType: string, artifactType?: string, size: number, pushed: number, pushedBy?: string, pulled?: number,
 *   tags: string[], annotations: Record<string, string>, platforms?: { platform: string, digest: string, size?: number }[], platform?: string, created?: string,
 *   layers?: { digest: string, size: number, mediaType: string }[], history?: Step[],
 *   config?: { user?: string, env?: string[], entrypoint?: string[], cmd?: string[], workingDir?: string, ports?: string[], volumes?: string[], labels?: Record<string, string> },
 *   referrers: { digest: string, artifactType?: string, size: number }[] }} Image
 */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = byId("main");
const query = /** @type {HTMLInputElement} */ (byId("query"));
const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));

/** @type {Session} */
let session = { user: null, canLogIn: false, open: false, host: location.host };

/**
 * An element. Properties named on… are listeners, the others attributes; undefined and false leave them out.
 * @param {string} tag
 * @param {Record<string, string | boolean | undefined | ((event: Event) => void)>} properties
 * @param {(Node | string | undefined | false)[]} children
 */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

class Refusal extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path @param {Record<string, string>} [parameters] @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
async function api(path, parameters = {}, init = {}) {
  const response = await fetch(`/-/api/${path}?${new URLSearchParams(parameters)}`, { ...init, headers: { "X-Requested-By": "berth" } });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, body.errors?.[0]?.message ?? `The registry answered ${response.status}.`);
  return body;
}

/** @param {number} bytes */
function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${units[unit]}`;
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** @param {number | string} time */
function ago(time) {
  const date = new Date(time);
  const seconds = (date.getTime() - Date.now()) / 1000;
  /** @type {[Intl.RelativeTimeFormatUnit, number][]} */
  const units = [["year", 31_556_952], ["month", 2_629_746], ["day", 86_400], ["hour", 3600], ["minute", 60]];
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  const text = Number.isNaN(seconds) ? "" : Math.abs(seconds) < 10 ? "just now" : relative.format(Math.round(seconds / length), unit);
  return h("time", { datetime: Number.isNaN(seconds) ? "" : date.toISOString(), title: Number.isNaN(seconds) ? "" : date.toLocaleString() }, text);
}

/** @param {string} digest */
const short = (digest) => digest.replace(/^sha\d+:/, "").slice(0, 12);

/** @param {string} text */
async function copy(text) {
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
function commandBox(command) {
  return h("div", { class: "command" }, h("code", {}, command), h("button", { type: "button", onclick: () => void copy(command), "aria-label": `Copy: ${command}` }, "Copy"));
}

/** @param {string} text */
function tell(text) {
  const toast = byId("toast");
  toast.textContent = text;
  toast.className = "shown";
  setTimeout(() => (toast.className = ""), 1800);
}

/** @param {string} question @param {string} action @returns {Promise<boolean>} */
function confirmed(question, action) {
  return new Promise((resolve) => {
    // Not by its "close" event: that comes late, and could answer the next question.
    const answer = (/** @type {boolean} */ yes) => { dialog.close(); resolve(yes); };
    const no = h("button", { type: "button", onclick: () => answer(false) }, "Cancel");
    dialog.replaceChildren(h("p", {}, question), h("div", { class: "buttons" }, no, h("button", { type: "button", class: "danger", onclick: () => answer(true) }, action)));
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
    no.focus();
  });
}

function logIn() {
  const problem = h("p", { class: "problem", role: "alert" });
  const form = /** @type {HTMLFormElement} */ (h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const body = new URLSearchParams();
      for (const [key, value] of new FormData(form)) body.set(key, String(value));
      api("session", {}, { method: "POST", body }).then(
        () => {
          dialog.close();
          void start();
        },
        (error) => (problem.textContent = error.message),
      );
    },
  },
    h("h2", {}, "Log in"),
    h("label", {}, "User", h("input", { name: "user", autocomplete: "username", required: true, autofocus: true })),
    h("label", {}, "Password", h("input", { name: "password", type: "password", autocomplete: "current-password", required: true })),
    problem,
    h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), h("button", { class: "primary" }, "Log in")),
  ));
  dialog.oncancel = null;
  dialog.replaceChildren(form);
  dialog.showModal();
}

function drawWho() {
  const who = byId("who");
  if (session.user !== null) {
    const out = () => void api("session", {}, { method: "DELETE" }).then(start);
    who.replaceChildren(h("span", {}, session.user), h("button", { type: "button", onclick: out }, "Log out"));
  } else who.replaceChildren(...(session.canLogIn ? [h("button", { type: "button", onclick: logIn }, "Log in")] : []));
}

/** @param {string[]} head @param {HTMLElement[]} rows */
function table(head, rows) {
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, ...rows)));
}

/** @param {[string, Node | string | undefined][]} entries */
function facts(entries) {
  return h("dl", { class: "facts" }, ...entries.flatMap(([term, value]) => (value === undefined || value === "" ? [] : [h("div", {}, h("dt", {}, term), h("dd", {}, value))])));
}

/** @param {URLSearchParams} parameters */
async function repositories(parameters) {
  const q = parameters.get("q") ?? "";
  const page = parameters.get("page") ?? "1";
  /** @type {{ total: number, page: number, pages: number, repositories: Summary[] }} */
  const found = await api("repositories", { q, page });
  if (document.activeElement !== query) query.value = q;
  /** @param {number} number */
  const link = (number) => `#/?${new URLSearchParams({ ...(q ? { q } : {}), page: String(number) })}`;
  const rows = found.repositories.map(({ name, description, tags, updated, pulls }) =>
    h("tr", {},
      h("td", { class: "wide" }, h("a", { href: `#/r/${name}` }, name), h("div", { class: "faint" }, description ?? "")),
      h("td", { class: "number" }, String(tags)),
      h("td", { class: "number" }, String(pulls)),
      h("td", {}, ago(updated)),
    ));
  const nothing = q
    ? h("p", { class: "empty" }, `No repository matches “${q}”.`)
    : h("div", { class: "empty" },
        h("p", {}, session.open || session.user !== null ? "No images yet. Push one:" : "Nothing here for everybody to see."),
        ...(session.open || session.user !== null ? [commandBox(`docker tag IMAGE ${session.host}/IMAGE`), commandBox(`docker push ${session.host}/IMAGE`)] : []));
  return [
    h("h1", {}, q ? `Repositories matching “${q}”` : "Repositories"),
    found.total === 0 ? nothing : table(["Name", "Tags", "Pulls", "Updated"], rows),
    found.pages > 1 && h("nav", { class: "pages", "aria-label": "Pages" },
      found.page > 1 ? h("a", { href: link(found.page - 1), rel: "prev" }, "← Previous") : h("span", {}),
      h("span", {}, `Page ${found.page} of ${found.pages}`),
      found.page < found.pages ? h("a", { href: link(found.page + 1), rel: "next" }, "Next →") : h("span", {})),
  ];
}

/** @param {string} name @param {string} reference @param {string} question */
async function remove(name, reference, question) {
  if (!(await confirmed(question, "Delete"))) return false;
  try {
    await api("image", { name, reference }, { method: "DELETE" });
    tell("Deleted");
    return true;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** @param {string} name */
async function repository(name) {
  /** @type {Repository} */
  const it = await api("repository", { name });
  const rows = it.tags.map((tag) =>
    h("tr", { "data-tag": tag.name },
      h("td", { class: "wide" }, h("a", { href: `#/r/${name}:${tag.name}` }, tag.name)),
      h("td", {}, ...tag.platforms.slice(0, 6).map((text) => h("span", { class: "chip" }, text)), tag.platforms.length > 6 && h("span", { class: "faint" }, ` +${tag.platforms.length - 6}`)),
      h("td", { class: "number" }, size(tag.size)),
      h("td", {}, ago(tag.updated)),
      h("td", {}, h("a", { href: `#/r/${name}@${tag.digest}`, class: "mono faint", title: tag.digest }, short(tag.digest))),
      h("td", {}, it.mayDelete && h("button", {
        type: "button", class: "quiet danger", "aria-label": `Delete tag ${tag.name}`,
        onclick: () => void remove(name, tag.name, `Delete ${name}:${tag.name}? If this is the image's last tag, the image goes too.`).then((done) => (done ? draw() : undefined)),
      }, "Delete")),
    ));
  const filter = h("input", {
    type: "search", placeholder: "Filter tags", "aria-label": "Filter tags", class: "filter",
    oninput: (event) => {
      const text = /** @type {HTMLInputElement} */ (event.target).value;
      for (const row of rows) row.hidden = !(row.dataset["tag"] ?? "").includes(text);
    },
  });
  const preferred = it.tags.find((tag) => tag.name === "latest") ?? it.tags[0];
  return [
    h("nav", { class: "crumbs", "aria-label": "Breadcrumb" }, h("a", { href: "#/" }, "Repositories")),
    h("h1", {}, name),
    it.description ? h("p", { class: "lead" }, it.description) : undefined,
    preferred && commandBox(`docker pull ${session.host}/${name}${preferred.name === "latest" ? "" : `:${preferred.name}`}`),
    facts([
      ["Tags", String(it.tags.length)],
      ["Pulls", String(it.pulls)],
      ["Size", it.quota === undefined ? size(it.usage) : `${size(it.usage)} of ${size(it.quota)}`],
      ["Manifests without a tag", it.untagged > 0 ? String(it.untagged) : undefined],
    ]),
    it.tags.length > 10 && filter,
    it.tags.length === 0 ? h("p", { class: "empty" }, "No tags.") : table(["Tag", "Platforms", "Size", "Pushed", "Digest", ""], rows),
  ];
}

/** @param {Step[]} history @param {number} largest */
function historyList(history, largest) {
  return h("ol", { class: "history" }, ...history.map(({ command, comment, layer }) => {
    const [, word = "", rest = command] = /^([A-Z]+)(\s[\s\S]*)?$/.exec(command) ?? [];
    const bar = h("span", { class: "bar" });
    if (layer && largest > 0) bar.style.width = `${Math.max(1, (layer.size / largest) * 100)}%`;
    return h("li", { class: layer ? "" : "config" },
      h("div", {},
        h("code", {}, word !== "" && h("b", {}, word), word === "" && rest === "" ? "(no command recorded)" : rest),
        // Builders' own remarks say nothing to people.
        comment !== undefined && !/^(buildkit|berth$|FROM )/.test(comment) && h("div", { class: "faint" }, comment)),
      layer && h("span", { class: "layer", title: layer.digest }, bar, h("span", {}, size(layer.size)), h("span", { class: "mono faint" }, short(layer.digest))));
  }));
}

/** @param {string} title @param {string[] | undefined} lines */
function lines(title, lines) {
  return lines && lines.length > 0 && h("section", {}, h("h2", {}, title), h("ul", { class: "lines" }, ...lines.map((line) => h("li", {}, h("code", {}, line)))));
}

/** @param {string} name @param {string} reference a tag, or a digest @param {URLSearchParams} parameters */
async function image(name, reference, parameters) {
  const byDigest = reference.includes(":");
  /** @type {Image} */
  const whole = await api("image", { name, reference });
  const address = `${name}${byDigest ? "@" : ":"}${reference}`;
  const wanted = parameters.get("platform");
  const chosen = whole.platforms?.find(({ digest }) => digest === wanted) ?? whole.platforms?.find(({ size }) => size !== undefined);
  /** @type {Image} */
  const it = chosen?.size === undefined ? whole : await api("image", { name, reference: chosen.digest });
  const largest = Math.max(0, ...(it.layers ?? []).map((layer) => layer.size));
  const title = byDigest ? `${name}@${short(reference)}` : `${name}:${reference}`;
  const labels = Object.entries({ ...it.config?.labels, ...whole.annotations }).map(([key, value]) => `${key}=${value}`);
  const joined = (/** @type {string[] | undefined} */ list) => (list && list.length > 0 ? h("code", {}, JSON.stringify(list)) : undefined);
  return [
    h("nav", { class: "crumbs", "aria-label": "Breadcrumb" }, h("a", { href: "#/" }, "Repositories"), " / ", h("a", { href: `#/r/${name}` }, name)),
    h("div", { class: "titlebar" }, h("h1", {}, title), whole.mayDelete && h("button", {
      type: "button", class: "danger",
      onclick: () => void remove(name, reference, byDigest ? `Delete the image ${short(reference)} and its tags${whole.tags.length > 0 ? ` (${whole.tags.join(", ")})` : ""}?` : `Delete ${title}? If this is the image's last tag, the image goes too.`)
        .then((done) => { if (done) location.hash = `#/r/${name}`; }),
    }, "Delete")),
    commandBox(`docker pull ${session.host}/${address}`),
    whole.platforms && h("nav", { class: "tabs", "aria-label": "Platforms" }, ...whole.platforms.map(({ platform, digest, size: bytes }) =>
      bytes === undefined
        ? h("span", { class: "chip faint", title: `${digest} is not in this registry` }, platform)
        : h("a", { href: `#/r/${address}?platform=${digest}`, "aria-current": digest === chosen?.digest ? "true" : undefined }, platform))),
    facts([
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
      ["Tags", whole.tags.length > (byDigest ? 0 : 1)
        ? h("span", {}, ...whole.tags.flatMap((tag, index) => [index > 0 ? ", " : "", h("a", { href: `#/r/${name}:${tag}` }, tag)])) : undefined],
    ]),
    h("p", { class: "digest" }, h("span", { class: "faint" }, "Digest "), h("code", {}, whole.digest), " ", h("button", { type: "button", class: "quiet", onclick: () => void copy(whole.digest) }, "Copy")),
    it.history && it.history.length > 0 && h("section", {}, h("h2", {}, "History"), historyList(it.history, largest)),
    !it.history && it.layers && h("section", {}, h("h2", {}, "Content"), historyList(it.layers.map((layer) => ({ command: layer.mediaType, layer })), largest)),
    lines("Environment", it.config?.env),
    lines("Labels and annotations", labels),
    whole.referrers.length > 0 && h("section", {}, h("h2", {}, "Attached"), table(["Type", "Size", "Digest"], whole.referrers.map(({ artifactType, digest, size: bytes }) =>
      h("tr", {}, h("td", { class: "wide" }, artifactType ?? "unknown"), h("td", { class: "number" }, size(bytes)), h("td", {}, h("a", { href: `#/r/${name}@${digest}`, class: "mono" }, short(digest))))))),
  ];
}

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
    content = await (name === undefined ? repositories(parameters) : mark && reference ? image(name, reference, parameters) : repository(name));
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 0;
    content = [
      h("h1", {}, status === 404 ? "Not here" : status === 401 ? "Log in" : status === 403 ? "Not allowed" : "That did not work"),
      h("p", { class: "empty" }, error instanceof Error ? error.message : String(error)),
      session.canLogIn && session.user === null && h("button", { type: "button", class: "primary", onclick: logIn }, "Log in"),
      h("p", {}, h("a", { href: "#/" }, "All repositories")),
    ];
  }
  if (turn !== drawing) return;
  main.replaceChildren(...content.filter((node) => node instanceof Node));
  document.title = `${main.querySelector("h1")?.textContent ?? ""} · Berth registry`;
}

async function start() {
  session = await api("session").catch(() => session);
  drawWho();
  await draw();
}

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
