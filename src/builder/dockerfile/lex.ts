import { DockerfileError, type Range } from "./source.ts";

/** A here-document of a RUN, COPY or ADD: `<<EOF`, `<<-EOF` (tabs cut), `<<"EOF"` (taken literally). */
export interface Heredoc {
  name: string;
  /** The file descriptor in front of `<<`, 0 where none is given. */
  fd: number;
  /** Whether variables in the content are to be expanded (nothing of the name stood in quotes). */
  expand: boolean;
  /** Tabs before its lines are cut off by who reads it: {@link chomped}. */
  chomp: boolean;
  /** As it stands in the file. */
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
  /** Comment lines above, without the `#`. */
  comments: string[];
}

/** A Dockerfile in logical lines: continuations joined, comments gone. `escape`: the character that continues lines. */
export interface Lexed {
  /** Parser directives: `syntax`, `escape`, `check`. */
  directives: Map<string, { value: string; line: number }>;
  escape: string;
  lines: Line[];
  warnings: { rule: string; message: string; range: Range }[];
}

const directivePattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const knownDirectives = new Set(["syntax", "escape", "check"]);
/** Lines that are cut before the next breath. */
const somuch = 1000;
/** A Dockerfile larger than this is refused. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Cuts a Dockerfile into logical lines (Dockerfile reference: parser directives, escape character, comments,
 * here-documents), in small parts. Throws {@link DockerfileError}.
 */
export function* lex(text: string): Generator<void, Lexed> {
  if (text.length > maxBytes)
    throw new DockerfileError(`dockerfile is larger than ${maxBytes} bytes`, { start: 1, end: 1 });
  const raw = text.replace(/^\uFEFF/, "").split("\n");
  const source: string[] = [];
  for (const line of raw) if (source.push(line.endsWith("\r") ? line.slice(0, -1) : line) % somuch === 0) yield;
  const directives = readDirectives(source);
  const escape = directives.get("escape")?.value ?? "\\";
  if (escape !== "\\" && escape !== "`") {
    const line = directives.get("escape")?.line ?? 1;
    throw new DockerfileError(`invalid ESCAPE '${escape}'. Must be \` or \\`, { start: line, end: line });
  }
  const continued = escape === "\\" ? /^(.*[^\\])\\[ \t]*$|^()\\[ \t]*$/ : /^(.*[^`])`[ \t]*$|^()`[ \t]*$/;
  const lexed: Lexed = { directives, escape, lines: [], warnings: [] };

  const lineCount = source.length - (source.at(-1) === "" ? 1 : 0);
  const endOf = (line: number): Range => ({ start: line, end: line });
  let at = directiveLines(source, directives);
  let comments: string[] = [];
  while (at < source.length) {
    yield;
    const first = (source[at] ?? "").trimStart();
    if (first === "") {
      at++;
      continue;
    }
    if (first.startsWith("#")) {
      const comment = first.slice(1).trim();
      // An empty one parts what stands above from what comes.
      if (comment === "") comments = [];
      else comments.push(comment);
      at++;
      continue;
    }
    const start = at;
    let joined = "";
    let next: string | undefined = first;
    let emptyInside = false;
    for (;;) {
      yield;
      const match: RegExpExecArray | null = continued.exec(next);
      if (!match) {
        joined += next;
        at++;
        break;
      }
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
    if (emptyInside)
      lexed.warnings.push({
        rule: "NoEmptyContinuation",
        message: "Empty continuation line",
        range: endOf(Math.min(at, lineCount)),
      });
    const line = cutLine(joined.trimEnd(), range, escape, comments);
    comments = [];
    for (const heredoc of line.heredocs) at = readHeredoc(raw, at, heredoc, range);
    range.end = at;
    lexed.lines.push(line);
  }
  return lexed;
}

function isSkipped(line: string): boolean {
  const trimmed = line.trimStart();
  return trimmed === "" || trimmed.startsWith("#");
}

/** The parser directives of a Dockerfile alone, whatever else it holds. Throws {@link DockerfileError}. */
export function directivesOf(text: string): Lexed["directives"] {
  const lines = text.replace(/^\uFEFF/, "").split("\n", knownDirectives.size + 2);
  return readDirectives(lines.map((line) => line.replace(/\r$/, "")));
}

function readDirectives(source: string[]): Lexed["directives"] {
  const directives: Lexed["directives"] = new Map();
  for (const [index, line] of source.entries()) {
    if (index === 0 && line.startsWith("#!")) continue;
    const match = directivePattern.exec(line.trimStart());
    const key = match?.[1]?.toLowerCase();
    if (!key || !knownDirectives.has(key)) break;
    if (directives.has(key))
      throw new DockerfileError(`only one ${key} parser directive can be used`, { start: index + 1, end: index + 1 });
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
      else if (isSpace(char)) break;
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

/** The `<<NAME` words of a line, in order; space may stand before the name. Text inside quotes is no here-document. */
function findHeredocs(text: string, escape: string): Heredoc[] {
  return rawWords(text.replace(/^\[.*\]$/s, ""), escape, true).flatMap((word) => heredocOf(word) ?? []);
}

/** A word as the beginning of a here-document; undefined for other words. */
export function heredocOf(word: string): Heredoc | undefined {
  const [, fd = "", dash, raw = ""] = /^(\d*)<<(-?)\s*([^<]*)$/.exec(word) ?? [];
  if (raw === "" || /^(?:[^'"\\\s]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+$/s.exec(raw) === null) return undefined;
  const name = raw.replace(
    /\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/gs,
    (_, escaped?: string, single?: string, double?: string) =>
      escaped ?? single ?? double?.replace(/\\(["\\$])/g, "$1") ?? "",
  );
  return { name, fd: Number(fd || 0), chomp: dash === "-", expand: !/['"]/.test(raw), content: "" };
}

/** A here-document's content without the tabs before its lines, where it is to have none (`<<-`). */
export function chomped({ chomp, content }: Heredoc): string {
  return chomp ? content.replace(/^\t+/gm, "") : content;
}

/**
 * Words separated by white space, quotes and escapes kept as they stand. `heredocs`: space behind `<<` separates
 * nothing.
 */
export function rawWords(text: string, escape: string, heredocs = false): string[] {
  const words: string[] = [];
  /** Where the word began; -1: between words. */
  let start = -1;
  let quote = "";
  /** The word ends with `<<` and perhaps white space. */
  let opened = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (!quote && isSpace(char)) {
      if (opened && " \t\r".includes(char)) continue;
      if (start >= 0) words.push(text.slice(start, at));
      start = -1;
      opened = false;
      continue;
    }
    if (start < 0) start = at;
    opened = heredocs && !quote && char === "<" && at > start && text[at - 1] === "<";
    if (char === escape && quote !== "'" && at + 1 < text.length) at++;
    else if (quote) quote = char === quote ? "" : quote;
    else if (char === "'" || char === '"') quote = char;
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}

const isSpace = (char: string): boolean => char === " " || ((char < "!" || char > "~") && /\s/.test(char));

function readHeredoc(source: string[], at: number, heredoc: Heredoc, range: Range): number {
  for (let line = at; line < source.length; line++) {
    const text = (source[line] ?? "").replace(/\r+$/, "");
    if ((heredoc.chomp ? text.replace(/^\t+/, "") : text) === heredoc.name) {
      heredoc.content = source
        .slice(at, line)
        .map((each) => `${each}\n`)
        .join("");
      return line + 1;
    }
  }
  throw new DockerfileError(`unterminated heredoc`, { start: range.start, end: source.length });
}
