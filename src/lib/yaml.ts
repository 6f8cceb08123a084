import { errorMessage } from "./errors.ts";

/**
 * Reads one document of YAML as programs in Go do: plain words and numbers as in YAML 1.1 (`yes` and `y` are true,
 * `0660` is octal, `1_000` a number). JSON is read as well, indented by tabs too. Throws with the parser's words.
 */
export function parseYaml(text: string): unknown {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      // A mapping in braces need not be JSON.
    }
  }
  try {
    return Bun.YAML.parse(withPlainScalars(text));
  } catch (error) {
    throw new Error(`yaml: ${errorMessage(error).replace(/^YAML Parse error: /, "")}`, { cause: error });
  }
}

const tokens = {
  quoted: /"(?:\\[\s\S]|[^"\\])*"|'(?:''|[^'])*'/y,
  comment: /#[^\n]*/y,
  /** Anchors, aliases, tags: what they stand before is read as they say. */
  property: /[&*!][^\s,[\]{}]*/y,
  /** The header of a block of text. */
  block: /[|>][-+0-9]*[ \t]*(?:#[^\n]*)?(?=\n|$)/y,
  dash: /[-?:](?=\s|$)/y,
  flow: /[[\]{},]/y,
  space: /\s+/y,
  plain: /(?:[^\s:#]|:(?=\S)|(?<=\S)#)(?:[^\n:#]|:(?=[^\s])|(?<=\S)#)*/y,
  plainInFlow: /(?:[^\s:#,[\]{}]|:(?=[^\s,[\]{}])|(?<=\S)#)(?:[^\n:#,[\]{}]|:(?=[^\s,[\]{}])|(?<=\S)#)*/y,
};

/** The text with its plain words and numbers spelled so that YAML 1.2 means the same by them as 1.1. */
function withPlainScalars(text: string): string {
  let out = "";
  let at = 0;
  let depth = 0;
  let tagged = false;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined || found === "") return undefined;
    at += found.length;
    return found;
  };
  while (at < text.length) {
    const kept = take(tokens.space) ?? take(tokens.comment) ?? take(tokens.dash);
    if (kept !== undefined) {
      out += kept;
      continue;
    }
    const property = take(tokens.property);
    if (property !== undefined) {
      tagged ||= property.startsWith("!");
      out += property;
      continue;
    }
    const block = depth === 0 ? take(tokens.block) : undefined;
    if (block !== undefined) out += block + blockText();
    else {
      const mark = take(tokens.flow);
      if (mark !== undefined) depth += /[[{]/.test(mark) ? 1 : mark === "," ? 0 : -1;
      const scalar = mark ?? take(tokens.quoted);
      const plain = scalar === undefined ? take(depth > 0 ? tokens.plainInFlow : tokens.plain) : undefined;
      if (scalar !== undefined) out += scalar;
      else if (plain !== undefined) out += tagged ? plain : modern(plain);
      else out += text[at++];
    }
    tagged = false;
  }
  return out;

  /** The lines that belong to a block of text: those indented deeper than the line of its header. */
  function blockText(): string {
    const line = text.slice(text.lastIndexOf("\n", at - 1) + 1);
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const pattern = new RegExp(`(?:\\n(?:[ \\t]*(?=\\n|$)| {${indent + 1},}[^\\n]*))*`, "y");
    return take(pattern) ?? "";
  }
}

/** A plain scalar of YAML 1.1 in the words of 1.2. */
function modern(scalar: string): string {
  const word = scalar.trimEnd();
  const spaces = scalar.slice(word.length);
  if (/^(y|Y|yes|Yes|YES|on|On|ON)$/.test(word)) return `true${spaces}`;
  if (/^(n|N|no|No|NO|off|Off|OFF)$/.test(word)) return `false${spaces}`;
  const [, sign = "", digits = ""] = /^([-+]?)([0-9][0-9a-fA-FxXoObB_]*)$/.exec(word) ?? [];
  if (digits === "") return scalar;
  const plain = digits.replaceAll("_", "");
  const number = /^0[0-7]+$/.test(plain) ? Number.parseInt(plain, 8) : Number(plain);
  return Number.isNaN(number) ? scalar : `${sign === "-" ? "-" : ""}${number}${spaces}`;
}
