import { DockerfileError, type Range } from "./source.ts";

/** A here-document of a RUN, COPY or ADD: `<<EOF`, `<<-EOF` (tabs cut), `<<"EOF"` (taken literally). */
export interface Heredoc {
  name: string;
  /** The file descriptor in front of `<<`, 0 where none is given. */
  fd: number;
  /** Whether variables in the content are to be expanded (the name stood unquoted). */
  expand: boolean;
  chomp: boolean;
  content: string;
}

/** One logical line: continuations joined, comments gone, flags cut off the front. */
export interface Line {
  /** Upper case. */
  keyword: string;
  flags: { name: string; value: string | undefined }[];
  /** All that follows keyword and flags. */
  rest: string;
  heredocs: Heredoc[];
  /** The source text, continuations joined. */
  original: string;
  range: Range;
  /** Comment lines directly above, without the `#`. */
  comments: string[];
}

export interface Lexed {
  /** Parser directives: `syntax`, `escape`, `check`. */
  directives: Map<string, { value: string; line: number }>;
  escape: string;
  lines: Line[];
  warnings: { rule: string; message: string; range: Range }[];
}

const directivePattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const knownDirectives = new Set(["syntax", "escape", "check"]);
/** A Dockerfile larger than this is refused. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Cuts a Dockerfile into logical lines (Dockerfile reference: parser directives, escape character, comments,
 * here-documents). Throws {@link DockerfileError}.
 */
export function lex(text: string): Lexed {
  if (text.length > maxBytes) throw new DockerfileError(`dockerfile is larger than ${maxBytes} bytes`, { start: 1, end: 1 });
  const source = text.replace(/^\uFEFF/, "").split("\n").map((line) => line.replace(/\r$/, ""));
  const directives = readDirectives(source);
  const escape = directives.get("escape")?.value ?? "\\";
  if (escape !== "\\" && escape !== "`") {
    const line = directives.get("escape")?.line ?? 1;
    throw new DockerfileError(`invalid ESCAPE '${escape}'. Must be ` + "` or \\", { start: line, end: line });
  }
  const continued = escape === "\\" ? /^(.*[^\\])\\[ \t]*$|^()\\[ \t]*$/ : /^(.*[^`])`[ \t]*$|^()`[ \t]*$/;
  const lexed: Lexed = { directives, escape, lines: [], warnings: [] };

  let at = directiveLines(source, directives);
  let comments: string[] = [];
  while (at < source.length) {
    const first = (source[at] ?? "").trimStart();
    if (first === "") { comments = []; at++; continue; }
    if (first.startsWith("#")) { comments.push(first.slice(1).trim()); at++; continue; }
    const start = at;
    let joined = "";
    let next: string | undefined = first;
    let emptyInside = false;
    for (;;) {
      const match: RegExpExecArray | null = continued.exec(next);
      if (!match) { joined += next; at++; break; }
      joined += match[1] ?? match[2] ?? "";
      at++;
      while (at < source.length && isSkipped(source[at] ?? "")) {
        if ((source[at] ?? "").trim() === "") emptyInside = true;
        at++;
      }
      if (at >= source.length) break;
      next = source[at] ?? "";
    }
    const range: Range = { start: start + 1, end: at };
    if (emptyInside) lexed.warnings.push({ rule: "NoEmptyContinuation", message: "Empty continuation line", range });
    const line = cutLine(joined.trimEnd(), range, escape, comments);
    comments = [];
    for (const heredoc of line.heredocs) at = readHeredoc(source, at, heredoc, range);
    range.end = at;
    lexed.lines.push(line);
  }
  return lexed;
}

function isSkipped(line: string): boolean {
  const trimmed = line.trimStart();
  return trimmed === "" || trimmed.startsWith("#");
}

function readDirectives(source: string[]): Lexed["directives"] {
  const directives: Lexed["directives"] = new Map();
  for (const [index, line] of source.entries()) {
    if (index === 0 && line.startsWith("#!")) continue;
    const match = directivePattern.exec(line.trimStart());
    const key = match?.[1]?.toLowerCase();
    if (!key || !knownDirectives.has(key)) break;
    if (directives.has(key)) throw new DockerfileError(`only one ${key} parser directive can be used`, { start: index + 1, end: index + 1 });
    directives.set(key, { value: match?.[2] ?? "", line: index + 1 });
  }
  return directives;
}

function directiveLines(source: string[], directives: Lexed["directives"]): number {
  const shebang = source[0]?.startsWith("#!") ? 1 : 0;
  return shebang + directives.size;
}

function cutLine(text: string, range: Range, escape: string, comments: string[]): Line {
  const space = /\s/.exec(text);
  const keyword = (space ? text.slice(0, space.index) : text).toUpperCase();
  let rest = space ? text.slice(space.index).trim() : "";
  const flags: Line["flags"] = [];
  const inner = keyword === "ONBUILD" ? /^\s*(\w+)/.exec(rest)?.[1]?.toUpperCase() : keyword;
  if (keyword !== "ONBUILD") rest = cutFlags(rest, flags, escape);
  const heredocs = inner === "RUN" || inner === "COPY" || inner === "ADD" ? findHeredocs(rest, escape) : [];
  return { keyword, flags, rest, heredocs, original: text, range, comments };
}

/** Takes `--name=value` words off the front; returns what is left. Quotes and escapes bind a value together. */
function cutFlags(text: string, flags: Line["flags"], escape: string): string {
  let rest = text;
  while (rest.startsWith("--")) {
    let word = "";
    let at = 0;
    let quote = "";
    for (; at < rest.length; at++) {
      const char = rest[at] ?? "";
      if (quote) {
        if (char === quote) quote = "";
        else if (char === escape && quote === '"' && at + 1 < rest.length) word += rest[++at];
        else word += char;
      } else if (char === "'" || char === '"') quote = char;
      else if (char === escape && at + 1 < rest.length) word += rest[++at];
      else if (/\s/.test(char)) break;
      else word += char;
    }
    rest = rest.slice(at).trimStart();
    if (word === "--") break;
    const equals = word.indexOf("=");
    if (equals < 0) flags.push({ name: word.slice(2), value: undefined });
    else flags.push({ name: word.slice(2, equals), value: word.slice(equals + 1) });
  }
  return rest;
}

/** The `<<NAME` words of a line, in order. Text inside quotes is no here-document. */
function findHeredocs(text: string, escape: string): Heredoc[] {
  const found: Heredoc[] = [];
  for (const word of rawWords(text, escape)) {
    const match = /^(\d*)<<(-?)([^<]+)$/.exec(word);
    if (!match) continue;
    const raw = match[3] ?? "";
    const name = raw.replace(/^(["'])(.*)\1$/, "$2");
    if (name === "" || /\s/.test(name)) continue;
    found.push({ name, fd: Number(match[1] || 0), chomp: match[2] === "-", expand: raw === name, content: "" });
  }
  return found;
}

/** Words separated by white space, quotes and escapes kept as they stand. */
export function rawWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (!quote && /\s/.test(char)) {
      if (word) words.push(word);
      word = "";
      continue;
    }
    if (char === escape && quote !== "'" && at + 1 < text.length) {
      word += char + text[++at];
      continue;
    }
    if (quote) quote = char === quote ? "" : quote;
    else if (char === "'" || char === '"') quote = char;
    word += char;
  }
  if (word) words.push(word);
  return words;
}

function readHeredoc(source: string[], at: number, heredoc: Heredoc, range: Range): number {
  const content: string[] = [];
  for (let line = at; line < source.length; line++) {
    const raw = source[line] ?? "";
    const text = heredoc.chomp ? raw.replace(/^\t+/, "") : raw;
    if (text === heredoc.name) {
      heredoc.content = content.map((each) => each + "\n").join("");
      return line + 1;
    }
    content.push(text);
  }
  throw new DockerfileError(`unterminated heredoc`, { start: range.start, end: source.length });
}
