import { quote, unicodeName } from "../quote.ts";

/** What a token is; the letters inside actions follow Go's text/template/parse. */
export type TokenKind =
  | "error" | "eof" | "text" | "left" | "right" | "space" | "identifier" | "keyword" | "field" | "variable" | "dot"
  | "nil" | "bool" | "char" | "string" | "raw" | "number" | "(" | ")" | ":=" | "=" | "|" | "punctuation";

export interface Token { kind: TokenKind; pos: number; text: string; line: number }

const keywords = new Set(["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"]);
const letter = /[\p{L}\p{Nd}_]/u;
const spaces = " \t\r\n";

/** The token as Go shows it in an error. */
export function showToken(token: Token): string {
  if (token.kind === "eof") return "EOF";
  if (token.kind === "error") return token.text;
  if (token.kind === "keyword") return `<${token.text}>`;
  return token.text.length > 10 ? `${quote(token.text.slice(0, 10))}...` : quote(token.text);
}

/** Splits a template into tokens; ends with one `eof` or `error` token. */
export function lex(input: string): Token[] {
  const tokens: Token[] = [];
  let pos = 0;
  let line = 1;
  const emit = (kind: TokenKind, start: number, end: number, text = input.slice(start, end)) => {
    tokens.push({ kind, pos: start, text, line });
    for (let i = start; i < end; i++) if (input[i] === "\n") line++;
    pos = end;
  };
  const fail = (message: string, start = pos) => {
    tokens.push({ kind: "error", pos: start, text: message, line });
    return tokens;
  };
  const skipSpace = () => {
    const start = pos;
    while (pos < input.length && spaces.includes(input[pos] ?? "")) pos++;
    for (let i = start; i < pos; i++) if (input[i] === "\n") line++;
  };

  while (pos < input.length) {
    const open = input.indexOf("{{", pos);
    if (open < 0) {
      emit("text", pos, input.length);
      break;
    }
    const trimsLeft = input[open + 2] === "-" && spaces.includes(input[open + 3] ?? "x");
    let textEnd = open;
    if (trimsLeft) while (textEnd > pos && spaces.includes(input[textEnd - 1] ?? "")) textEnd--;
    if (textEnd > pos) emit("text", pos, textEnd);
    for (let i = pos; i < open; i++) if (input[i] === "\n") line++;
    pos = open;
    const inside = open + 2 + (trimsLeft ? 2 : 0);
    if (input.startsWith("/*", inside)) {
      const close = input.indexOf("*/", inside);
      if (close < 0) return fail("unclosed comment");
      for (let i = pos; i < close; i++) if (input[i] === "\n") line++;
      pos = close + 2;
      const trims = spaces.includes(input[pos] ?? "x") && input.startsWith("-}}", pos + 1);
      if (!trims && !input.startsWith("}}", pos)) return fail("comment ends before closing delimiter");
      pos += trims ? 4 : 2;
      if (trims) skipSpace();
      continue;
    }
    emit("left", open, open + 2);
    pos = inside;
    const failed = lexAction();
    if (failed) return failed;
  }
  tokens.push({ kind: "eof", pos: input.length, text: "", line });
  return tokens;

  /** Up to and with the right delimiter; returns the tokens if they end in an error. */
  function lexAction(): Token[] | null {
    let depth = 0;
    for (;;) {
      const trims = spaces.includes(input[pos] ?? "x") && input.startsWith("-}}", pos + 1);
      if (trims || input.startsWith("}}", pos)) {
        if (depth > 0) return fail("unclosed left paren");
        if (trims) pos += 2;
        emit("right", pos, pos + 2);
        if (trims) skipSpace();
        return null;
      }
      if (pos >= input.length) return fail("unclosed action");
      const start = pos;
      const c = String.fromCodePoint(input.codePointAt(pos) ?? 0);
      if (spaces.includes(c)) {
        let end = pos;
        while (end < input.length && spaces.includes(input[end] ?? "")) end++;
        // A trim marker needs its space: leave the last one for it.
        if (input.startsWith("-}}", end)) end--;
        if (end > start) emit("space", start, end);
        continue;
      }
      if (c === "=") emit("=", start, start + 1);
      else if (c === ":") {
        if (input[pos + 1] !== "=") return fail("expected :=");
        emit(":=", start, start + 2);
      } else if (c === "|") emit("|", start, start + 1);
      else if (c === '"' || c === "'") {
        const end = endOfQuoted(c);
        if (end < 0) return fail(c === '"' ? "unterminated quoted string" : "unterminated character constant");
        emit(c === '"' ? "string" : "char", start, end);
      } else if (c === "`") {
        const end = input.indexOf("`", pos + 1);
        if (end < 0) return fail("unterminated raw quoted string");
        emit("raw", start, end + 1);
      } else if (c === "$" || (c === "." && !/[0-9]/.test(input[pos + 1] ?? ""))) {
        let end = pos + 1;
        end = endOfWord(end);
        if (c === "." && end === pos + 1) {
          emit("dot", start, end);
        } else {
          if (!atTerminator(end)) return fail(`bad character ${unicodeName(input, end)}`);
          emit(c === "." ? "field" : "variable", start, end);
        }
      } else if (c === "+" || c === "-" || c === "." || /[0-9]/.test(c)) {
        const end = endOfNumber();
        // What runs on after a number spoils it; Go shows the first letter that does.
        if (letter.test(input[end] ?? " ")) return fail(`bad number syntax: ${quote(input.slice(start, end + 1))}`);
        if (!/[0-9]/.test(input.slice(start, end))) return fail(`bad number syntax: ${quote(input.slice(start, end))}`);
        emit("number", start, end);
      } else if (letter.test(c)) {
        const end = endOfWord(pos);
        if (!atTerminator(end)) return fail(`bad character ${unicodeName(input, end)}`);
        const word = input.slice(start, end);
        emit(keywords.has(word) ? "keyword" : word === "nil" ? "nil" : word === "true" || word === "false" ? "bool" : "identifier", start, end);
      } else if (c === "(") {
        emit("(", start, start + 1);
        depth++;
      } else if (c === ")") {
        depth--;
        if (depth < 0) return fail("unexpected right paren");
        emit(")", start, start + 1);
      } else if (c > " " && c <= "~") emit("punctuation", start, start + 1);
      else return fail(`unrecognized character in action: ${unicodeName(input, pos)}`);
    }
  }

  function endOfQuoted(delimiter: string): number {
    for (let i = pos + 1; i < input.length; i++) {
      if (input[i] === "\\") i++;
      else if (input[i] === "\n") return -1;
      else if (input[i] === delimiter) return i + 1;
    }
    return -1;
  }

  function endOfNumber(): number {
    const match = /^[+-]?(0[xX][0-9a-fA-F_]*|0[bB][01_]*|0[oO][0-7_]*|[0-9_]*)(\.[0-9_]*)?([eE][+-]?[0-9_]*)?/.exec(input.slice(pos));
    return pos + (match?.[0].length ?? 0);
  }

  function endOfWord(from: number): number {
    let end = from;
    while (end < input.length) {
      const c = String.fromCodePoint(input.codePointAt(end) ?? 0);
      if (!letter.test(c)) break;
      end += c.length;
    }
    return end;
  }

  function atTerminator(at: number): boolean {
    const c = input[at];
    return c === undefined || spaces.includes(c) || ".,|:()=".includes(c) || input.startsWith("}}", at);
  }
}
