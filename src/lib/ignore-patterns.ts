import { type Wildcard, type WildcardPart, wildcard } from "./wildcard.ts";

/**
 * `.dockerignore` and the patterns of `--exclude`: one pattern a line, `#` comments, `!` takes back; the last
 * match wins. A pattern matches a path and everything below it (Docker's patternmatcher).
 */
export class IgnorePatterns {
  readonly #rules: { negated: boolean; pattern: Wildcard; text: string }[] = [];
  readonly hasExceptions: boolean;

  constructor(patterns: readonly string[]) {
    for (const raw of patterns) {
      let text = raw.trim();
      const negated = text.startsWith("!");
      if (negated) text = text.slice(1).trim();
      text = clean(text);
      if (text === "" || text === ".") continue;
      this.#rules.push({ negated, pattern: compile(text), text });
    }
    this.hasExceptions = this.#rules.some((rule) => rule.negated);
  }

  static parse(file: string): IgnorePatterns {
    return new IgnorePatterns(patternLines(file));
  }

  /** Whether `path` (relative, `/` separated) is left out. */
  ignores(path: string): boolean {
    let ignored = false;
    for (const rule of this.#rules) {
      if (rule.negated === ignored && this.#matches(rule.pattern, path)) ignored = !rule.negated;
    }
    return ignored;
  }

  /** Whether nothing below an ignored folder can come back, so that it need not be walked. */
  canSkipFolder(path: string): boolean {
    if (!this.ignores(path)) return false;
    return !this.#rules.some(
      (rule) =>
        rule.negated &&
        (rule.text.startsWith("**") ||
          /[*?[]/.test(rule.text.split("/")[0] ?? "") ||
          rule.text.startsWith(`${path}/`) ||
          path.startsWith(`${rule.text}/`) ||
          sharesRoot(rule.text, path)),
    );
  }

  #matches(pattern: Wildcard, path: string): boolean {
    if (pattern.test(path)) return true;
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      if (pattern.test(path.slice(0, slash))) return true;
    }
    return false;
  }
}

/** The patterns in an ignore file, as they are written there. */
export function patternLines(file: string): string[] {
  return file
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => !line.startsWith("#") && line.trim() !== "");
}

/** A wildcard deeper in the exception may still reach below `path`. */
function sharesRoot(text: string, path: string): boolean {
  return /[*?[]/.test(text) && (text.split("/")[0] ?? "") === (path.split("/")[0] ?? "");
}

/** Lexical cleaning as Go's filepath.Clean, without the leading slash. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
      else if (!path.startsWith("/")) parts.push(part);
    } else parts.push(part);
  }
  return parts.join("/");
}

/** A pattern (`*`, `?`, `[a-z]`, `**`, `\` escape) over whole paths. */
export function compile(pattern: string): Wildcard {
  const parts: WildcardPart[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const char = characters[at] ?? "";
    if (char === "*") {
      if (characters[at + 1] !== "*") {
        parts.push("star");
        continue;
      }
      at++;
      if (characters[at + 1] === "/") at++;
      parts.push(at + 1 >= characters.length ? "deep" : "folders");
    } else if (char === "?") parts.push({ one: "[^/]" });
    else if (char === "[") {
      const end = characters.indexOf("]", at + 2);
      const one = end < 0 ? null : characterClass(characters.slice(at + 1, end).join(""));
      if (one === null) {
        parts.push({ literal: "[" });
        continue;
      }
      parts.push({ one });
      at = end;
    } else if (char === "\\" && at + 1 < characters.length) parts.push({ literal: characters[++at] ?? "" });
    else parts.push({ literal: char });
  }
  return wildcard(parts);
}

/** What stands between brackets as a class of regular expressions; null where it is none. */
function characterClass(body: string): string | null {
  const source = `[${body.replace(/\\/g, "\\\\").replace(/^!/, "^")}]`;
  try {
    new RegExp(source, "u");
    return source;
  } catch {
    return null;
  }
}
