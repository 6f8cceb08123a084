import { h } from "../elements.js";
import { short, size } from "../text.js";

/** @import { Step } from "../api.js" */

/** @param {Step[]} history @param {number} largest */
export function historyList(history, largest) {
  return h(
    "ol",
    { class: "history" },
    ...history.map(({ command, comment, layer }) => {
      const [, word = "", rest = command] = /^([A-Z]+)(\s[\s\S]*)?$/.exec(command) ?? [];
      const bar = h("span", { class: "bar" });
      if (layer && largest > 0) bar.style.width = `${Math.max(1, (layer.size / largest) * 100)}%`;
      return h(
        "li",
        { class: layer ? "" : "config" },
        h(
          "div",
          {},
          h("code", {}, word !== "" && h("b", {}, word), word === "" && rest === "" ? "(no command recorded)" : rest),
          // Builders' own remarks say nothing to people.
          comment !== undefined && !/^(buildkit|berth$|FROM )/.test(comment) && h("div", { class: "faint" }, comment),
        ),
        layer &&
          h(
            "span",
            { class: "layer", title: layer.digest },
            bar,
            h("span", {}, size(layer.size)),
            h("span", { class: "mono faint" }, short(layer.digest)),
          ),
      );
    }),
  );
}
