import { deepest, isTooDeep } from "./json-depth.ts";

/**
 * `JSON.parse` for texts from outside, whose complaints are those of Go's decoder: clients and people know them, and
 * they do not change with the runtime. `cutOff` is what is said of a text that ends too soon. Throws a {@link
 * ContentAfterJson} where more follows the value.
 */
export function parseJson(text: string, cutOff = "unexpected end of JSON input"): unknown {
  if (isTooDeep(text)) throw new Error("exceeded max depth");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(text.length > longest ? "malformed JSON" : (complaintAbout(text) ?? cutOff), { cause });
  }
}

/**
 * JSON of a form that is relied upon: a file of ours, or a peer's answer. As {@link parseJson}, but what is right costs
 * nothing more than `JSON.parse`.
 */
export function decodeJson<T>(text: string, cutOff?: string): T {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // It complains too, in better words.
    parseJson(text, cutOff);
    throw cause;
  }
}

/** A whole value and then something else. `end` is where that begins. */
export class ContentAfterJson extends Error {
  constructor(
    message: string,
    readonly end: number,
  ) {
    super(message);
  }
}

/** Characters of a text in which the mistake is looked for: the search holds everybody up. */
const longest = 256 * 1024;

const blank = /[ \t\r\n]/;
const literals: Record<string, string> = { t: "true", f: "false", n: "null" };

/**
 * What is wrong with a text that is no JSON, at the first character that cannot stand where it does; null: it ends too
 * soon. Throws a ContentAfterJson.
 */
function complaintAbout(text: string): string | null {
  /** The brackets that are open. */
  const open: ("{" | "[")[] = [];
  /** What may come next. `value` and `key`: or the end of an empty list or object where `first`. */
  let expect: "value" | "key" | "colon" | "separator" = "value";
  let first = false;
  for (let at = 0; at < text.length; ) {
    const char = text[at] ?? "";
    if (blank.test(char)) {
      at++;
      continue;
    }
    const closes = char === "}" || char === "]";
    const top = open.at(-1);
    if (expect === "colon") {
      if (char !== ":") return unexpected(char, "after object key");
      expect = "value";
      first = false;
      at++;
    } else if (expect === "separator") {
      if (top === undefined) throw new ContentAfterJson(unexpected(char, "after top-level value"), at);
      if (closes && (char === "}") === (top === "{")) open.pop();
      else if (char === ",") expect = top === "{" ? "key" : "value";
      else return unexpected(char, top === "{" ? "after object key:value pair" : "after array element");
      first = false;
      at++;
    } else if (first && closes && (char === "}") === (top === "{")) {
      open.pop();
      expect = "separator";
      at++;
    } else if (expect === "key") {
      if (char !== '"') return unexpected(char, "looking for beginning of object key string");
      const end = stringEnd(text, at);
      if (typeof end !== "number") return end;
      at = end;
      expect = "colon";
    } else if (char === "{" || char === "[") {
      if (open.length === deepest) return "exceeded max depth";
      open.push(char);
      expect = char === "{" ? "key" : "value";
      first = true;
      at++;
    } else {
      const end = scalarEnd(text, at);
      if (typeof end !== "number") return end;
      at = end;
      expect = "separator";
    }
  }
  return null;
}

/** Where a string, number or word ends; or what is wrong with it, null: it ends too soon. */
function scalarEnd(text: string, at: number): number | string | null {
  const char = text[at] ?? "";
  if (char === '"') return stringEnd(text, at);
  const literal = literals[char];
  if (literal !== undefined) {
    for (let index = 1; index < literal.length; index++) {
      const found = text[at + index];
      if (found === undefined) return null;
      if (found !== literal[index])
        return unexpected(found, `in literal ${literal} (expecting ${quoted(literal[index] ?? "")})`);
    }
    return at + literal.length;
  }
  return /[-0-9]/.test(char) ? numberEnd(text, at) : unexpected(char, "looking for beginning of value");
}

function stringEnd(text: string, start: number): number | string | null {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === '"') return at + 1;
    if (char < " ") return unexpected(char, "in string literal");
    if (char !== "\\") continue;
    const escape = text[++at];
    if (escape === undefined) return null;
    if (!'"\\/bfnrtu'.includes(escape)) return unexpected(escape, "in string escape code");
    for (let digits = escape === "u" ? 4 : 0; digits > 0; digits--) {
      const digit = text[++at];
      if (digit === undefined) return null;
      if (!/[0-9a-fA-F]/.test(digit)) return unexpected(digit, "in \\u hexadecimal character escape");
    }
  }
  return null;
}

function numberEnd(text: string, start: number): number | string | null {
  const digits = (from: number) => {
    let at = from;
    while (/[0-9]/.test(text[at] ?? "")) at++;
    return at;
  };
  let at = text[start] === "-" ? start + 1 : start;
  const missing = (where: string) => (at >= text.length ? null : unexpected(text[at] ?? "", where));
  if (!/[0-9]/.test(text[at] ?? "")) return missing("in numeric literal");
  at = text[at] === "0" ? at + 1 : digits(at);
  if (text[at] === ".") {
    const end = digits(++at);
    if (end === at) return missing("after decimal point in numeric literal");
    at = end;
  }
  if (text[at] === "e" || text[at] === "E") {
    at += /[-+]/.test(text[at + 1] ?? "") ? 2 : 1;
    const end = digits(at);
    if (end === at) return missing("in exponent of numeric literal");
    at = end;
  }
  return at;
}

function unexpected(char: string, where: string): string {
  return `invalid character ${quoted(char)} ${where}`;
}

/** As Go quotes a character. */
function quoted(char: string): string {
  if (char === "'") return "'\\''";
  return char === '"'
    ? `'"'`
    : `'${JSON.stringify(char)
        .slice(1, -1)
        .replace(/^\\u00/, "\\x")}'`;
}
