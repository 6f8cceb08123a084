import { quote, unicodeName } from "../go-quote.ts";

/** What a token is; the letters inside actions follow Go's text/template/parse. */
export type TokenKind =
  | "error"
  | "eof"
  | "text"
  | "left"
  | "right"
  | "space"
  | "identifier"
  | "keyword"
  | "field"
  | "variable"
  | "dot"
  | "nil"
  | "bool"
  | "char"
  | "string"
  | "raw"
  | "number"
  | "("
  | ")"
  | ":="
  | "="
  | "|"
  | "punctuation";

export interface Token {
  kind: TokenKind;
  pos: number;
  text: string;
  line: number;
}

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
  return new Lexer(input).run();
}

/** Ends the reading; its message becomes the last token. */
class LexError extends Error {}

class Lexer {
  readonly #tokens: Token[] = [];
  #pos = 0;
  #line = 1;
  /** Open parentheses of the action that is being read. */
  #depth = 0;

  constructor(private readonly input: string) {}

  run(): Token[] {
    try {
      while (this.#pos < this.input.length) this.#textAndAction();
      this.#tokens.push({ kind: "eof", pos: this.input.length, text: "", line: this.#line });
    } catch (error) {
      if (!(error instanceof LexError)) throw error;
      this.#tokens.push({ kind: "error", pos: this.#pos, text: error.message, line: this.#line });
    }
    return this.#tokens;
  }

  #fail(message: string): never {
    throw new LexError(message);
  }

  /** What stands from here to `end` is a token. */
  #emit(kind: TokenKind, end: number) {
    this.#tokens.push({ kind, pos: this.#pos, text: this.input.slice(this.#pos, end), line: this.#line });
    this.#skipTo(end);
  }

  #skipTo(end: number) {
    for (let i = this.#pos; i < end; i++) if (this.input[i] === "\n") this.#line++;
    this.#pos = end;
  }

  #endOfSpace(from: number): number {
    let end = from;
    while (end < this.input.length && spaces.includes(this.input[end] ?? "")) end++;
    return end;
  }

  /** ` -}}`, which takes the white space behind it away. */
  #atTrimmingClose(): boolean {
    return spaces.includes(this.input[this.#pos] ?? "x") && this.input.startsWith("-}}", this.#pos + 1);
  }

  /** The text up to the next `{{`, and the action or comment there. */
  #textAndAction() {
    const open = this.input.indexOf("{{", this.#pos);
    if (open < 0) return this.#emit("text", this.input.length);
    const trims = this.input[open + 2] === "-" && spaces.includes(this.input[open + 3] ?? "x");
    let textEnd = open;
    if (trims) while (textEnd > this.#pos && spaces.includes(this.input[textEnd - 1] ?? "")) textEnd--;
    if (textEnd > this.#pos) this.#emit("text", textEnd);
    this.#skipTo(open);
    const inside = open + 2 + (trims ? 2 : 0);
    if (this.input.startsWith("/*", inside)) return this.#comment(inside);
    this.#emit("left", open + 2);
    this.#pos = inside;
    this.#depth = 0;
    while (!this.#close()) this.#token();
  }

  #comment(inside: number) {
    const close = this.input.indexOf("*/", inside);
    if (close < 0) this.#fail("unclosed comment");
    this.#skipTo(close + 2);
    const trims = this.#atTrimmingClose();
    if (!trims && !this.input.startsWith("}}", this.#pos)) this.#fail("comment ends before closing delimiter");
    this.#pos += trims ? 4 : 2;
    if (trims) this.#skipTo(this.#endOfSpace(this.#pos));
  }

  /** Takes the right delimiter, if the action ends here. */
  #close(): boolean {
    const trims = this.#atTrimmingClose();
    if (trims || this.input.startsWith("}}", this.#pos)) {
      if (this.#depth > 0) this.#fail("unclosed left paren");
      if (trims) this.#pos += 2;
      this.#emit("right", this.#pos + 2);
      if (trims) this.#skipTo(this.#endOfSpace(this.#pos));
      return true;
    }
    if (this.#pos >= this.input.length) this.#fail("unclosed action");
    return false;
  }

  /** One token inside an action. */
  #token() {
    const { input } = this;
    const start = this.#pos;
    const c = String.fromCodePoint(input.codePointAt(start) ?? 0);
    const next = input[start + 1] ?? "";
    if (spaces.includes(c)) this.#space();
    else if (c === "=" || c === "|") this.#emit(c, start + 1);
    else if (c === ":") {
      if (next !== "=") this.#fail("expected :=");
      this.#emit(":=", start + 2);
    } else if (c === '"' || c === "'") this.#quoted(c);
    else if (c === "`") {
      const end = input.indexOf("`", start + 1);
      if (end < 0) this.#fail("unterminated raw quoted string");
      this.#emit("raw", end + 1);
    } else if (c === "$" || (c === "." && !/[0-9]/.test(next))) this.#field(c);
    else if (/[0-9.+-]/.test(c)) this.#number();
    else if (letter.test(c)) this.#word();
    else if (c === "(") {
      this.#emit("(", start + 1);
      this.#depth++;
    } else if (c === ")") {
      if (--this.#depth < 0) this.#fail("unexpected right paren");
      this.#emit(")", start + 1);
    } else if (c > " " && c <= "~") this.#emit("punctuation", start + 1);
    else this.#fail(`unrecognized character in action: ${unicodeName(input, start)}`);
  }

  #space() {
    let end = this.#endOfSpace(this.#pos);
    // A trim marker needs its space: leave the last one for it.
    if (this.input.startsWith("-}}", end)) end--;
    if (end > this.#pos) this.#emit("space", end);
  }

  #quoted(delimiter: '"' | "'") {
    for (let i = this.#pos + 1; i < this.input.length && this.input[i] !== "\n"; i++) {
      if (this.input[i] === "\\") i++;
      else if (this.input[i] === delimiter) return this.#emit(delimiter === '"' ? "string" : "char", i + 1);
    }
    this.#fail(delimiter === '"' ? "unterminated quoted string" : "unterminated character constant");
  }

  /** `.`, `.Name` and `$name`. */
  #field(sign: string) {
    const end = this.#endOfWord(this.#pos + 1);
    if (sign === "." && end === this.#pos + 1) return this.#emit("dot", end);
    this.#requireTerminator(end);
    this.#emit(sign === "." ? "field" : "variable", end);
  }

  #number() {
    const form = /^[+-]?(0[xX][0-9a-fA-F_]*|0[bB][01_]*|0[oO][0-7_]*|[0-9_]*)(\.[0-9_]*)?([eE][+-]?[0-9_]*)?/;
    const text = form.exec(this.input.slice(this.#pos))?.[0] ?? "";
    const after = this.input[this.#pos + text.length] ?? " ";
    // What runs on after a number spoils it; Go shows the first letter that does.
    if (letter.test(after)) this.#fail(`bad number syntax: ${quote(text + after)}`);
    if (!/[0-9]/.test(text)) this.#fail(`bad number syntax: ${quote(text)}`);
    this.#emit("number", this.#pos + text.length);
  }

  #word() {
    const end = this.#endOfWord(this.#pos);
    this.#requireTerminator(end);
    const word = this.input.slice(this.#pos, end);
    if (keywords.has(word)) this.#emit("keyword", end);
    else this.#emit(word === "nil" ? "nil" : word === "true" || word === "false" ? "bool" : "identifier", end);
  }

  #endOfWord(from: number): number {
    let end = from;
    while (end < this.input.length) {
      const c = String.fromCodePoint(this.input.codePointAt(end) ?? 0);
      if (!letter.test(c)) break;
      end += c.length;
    }
    return end;
  }

  #requireTerminator(at: number) {
    const c = this.input[at];
    if (c === undefined || spaces.includes(c) || ".,|:()=".includes(c) || this.input.startsWith("}}", at)) return;
    this.#fail(`bad character ${unicodeName(this.input, at)}`);
  }
}
