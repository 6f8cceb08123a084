/**
 * `.dockerignore` and the patterns of `--exclude`: one pattern a line, `#` comments, `!` takes back; the last
 * match wins. A pattern matches a path and everything below it (Docker's patternmatcher).
 */
export class IgnorePatterns {
  readonly #rules: { negated: boolean; pattern: RegExp; text: string }[] = [];
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
    return new IgnorePatterns(file.replace(/^\uFEFF/, "").split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => !line.startsWith("#")));
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
    return !this.#rules.some((rule) => rule.negated && (rule.text.startsWith("**") || /[*?[]/.test(rule.text.split("/")[0] ?? "") || rule.text.startsWith(`${path}/`) || path.startsWith(`${rule.text}/`) || sharesRoot(rule.text, path)));
  }

  #matches(pattern: RegExp, path: string): boolean {
    if (pattern.test(path)) return true;
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      if (pattern.test(path.slice(0, slash))) return true;
    }
    return false;
  }
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
    if (part === "..") { if (parts.length > 0 && parts.at(-1) !== "..") parts.pop(); else if (!path.startsWith("/")) parts.push(part); }
    else parts.push(part);
  }
  return parts.join("/");
}

/** A pattern (`*`, `?`, `[a-z]`, `**`, `\` escape) as a regular expression over whole paths. */
export function compile(pattern: string): RegExp {
  let source = "^";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? "";
    if (char === "*") {
      if (pattern[at + 1] !== "*") { source += "[^/]*"; continue; }
      at++;
      if (pattern[at + 1] === "/") at++;
      source += at + 1 >= pattern.length ? ".*" : "(?:.*/)?";
    } else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) { source += "\\["; continue; }
      const body = pattern.slice(at + 1, end).replace(/\\/g, "\\\\").replace(/^!/, "^");
      source += `[${body}]`;
      at = end;
    } else if (char === "\\" && at + 1 < pattern.length) source += escapeRegExp(pattern[++at] ?? "");
    else source += escapeRegExp(char);
  }
  return new RegExp(`${source}$`, "s");
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
