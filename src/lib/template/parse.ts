import { quote, unquote } from "../go-quote.ts";
import { lex, showToken, type Token, type TokenKind } from "./lex.ts";
import type { BranchNode, CommandNode, EndNode, ListNode, Node, NumberNode, Operand, PipeNode } from "./nodes.ts";
import { showNode } from "./nodes.ts";

/** A template that does not parse or does not run; the message is worded as Go's text/template words it. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** What a text parses to: the main template and those it defines. */
export interface Parsed {
  root: ListNode;
  defined: Map<string, ListNode>;
}

const operandStarts = new Set<TokenKind>([
  "bool",
  "char",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "raw",
  "string",
  "variable",
  "(",
]);

/** Parses as Go does; `hasFunction` tells which identifiers are functions, `name` stands in error texts. */
export function parse(text: string, hasFunction: (name: string) => boolean, name = ""): Parsed {
  return new Parser(lex(text), hasFunction, name).parse();
}

class Parser {
  #at = 0;
  #actionLine = 0;
  #rangeDepth = 0;
  #variables = ["$"];
  readonly #defined = new Map<string, ListNode>();

  constructor(
    private readonly tokens: Token[],
    private readonly hasFunction: (name: string) => boolean,
    private readonly name: string,
  ) {}

  parse(): Parsed {
    const root: ListNode = { kind: "list", pos: 0, nodes: [] };
    while (this.#peek().kind !== "eof") {
      if (this.#peek().kind === "left") {
        const start = this.#at;
        this.#next();
        const token = this.#nextSolid();
        if (token.kind === "keyword" && token.text === "define") {
          this.#define();
          continue;
        }
        this.#at = start;
      }
      const node = this.#textOrAction();
      if (node.kind === "end" || node.kind === "else") return this.#fail(`unexpected {{${node.kind}}}`);
      root.nodes.push(node);
    }
    return { root, defined: this.#defined };
  }

  #peek(): Token {
    return this.tokens[this.#at] ?? { kind: "eof", pos: 0, text: "", line: 1 };
  }
  #next(): Token {
    const token = this.#peek();
    if (this.#at < this.tokens.length) this.#at++;
    return token;
  }
  #nextSolid(): Token {
    while (this.#peek().kind === "space") this.#at++;
    return this.#next();
  }
  #peekSolid(): Token {
    while (this.#peek().kind === "space") this.#at++;
    return this.#peek();
  }

  #fail(message: string): never {
    const line = (this.tokens[Math.max(0, this.#at - 1)] ?? this.#peek()).line;
    throw new TemplateError(`template: ${this.name}:${line}: ${message}`);
  }
  #unexpected(token: Token, context: string): never {
    if (token.kind === "error") {
      let extra = "";
      if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
        extra = `${token.text.endsWith(" action") ? "" : " in action"} started at ${this.name}:${this.#actionLine}`;
      }
      this.#fail(token.text + extra);
    }
    this.#fail(`unexpected ${showToken(token)} in ${context}`);
  }
  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextSolid();
    if (token.kind !== kind) this.#unexpected(token, context);
    return token;
  }

  #list(): [ListNode, EndNode] {
    const list: ListNode = { kind: "list", pos: this.#peekSolid().pos, nodes: [] };
    while (this.#peekSolid().kind !== "eof") {
      const node = this.#textOrAction();
      if (node.kind === "end" || node.kind === "else") return [list, node];
      list.nodes.push(node);
    }
    return this.#fail("unexpected EOF");
  }

  #textOrAction(): Node | EndNode {
    const token = this.#nextSolid();
    if (token.kind === "text") return { kind: "text", pos: token.pos, text: token.text };
    if (token.kind !== "left") this.#unexpected(token, "input");
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Node | EndNode {
    const token = this.#peekSolid();
    if (token.kind === "keyword") {
      this.#next();
      switch (token.text) {
        case "if":
        case "with":
        case "range":
          return this.#branch(token.text, token.pos);
        case "else":
          return this.#else();
        case "end":
          return { kind: "end", pos: this.#expect("right", "end").pos };
        case "break":
        case "continue":
          this.#expect("right", `{{${token.text}}}`);
          if (this.#rangeDepth === 0) this.#fail(`{{${token.text}}} outside {{range}}`);
          return { kind: token.text, pos: token.pos };
        case "template":
          return this.#template();
        case "block":
          return this.#block();
        default:
          this.#unexpected(token, "command");
      }
    }
    return { kind: "action", pos: token.pos, pipe: this.#pipeline("command", "right") };
  }

  #else(): EndNode {
    const next = this.#peekSolid();
    // `{{else if …}}` reads as an else whose body starts with that if; the branch takes it from here.
    if (next.kind === "keyword" && (next.text === "if" || next.text === "with")) return { kind: "else", pos: next.pos };
    return { kind: "else", pos: this.#expect("right", "else").pos };
  }

  #branch(kind: BranchNode["kind"], pos: number): BranchNode {
    const scope = this.#variables.length;
    const pipe = this.#pipeline(kind, "right");
    if (kind === "range") this.#rangeDepth++;
    let [body, end] = this.#list();
    if (kind === "range") this.#rangeDepth--;
    let otherwise: ListNode | null = null;
    if (end.kind === "else") {
      const next = this.#peek();
      if (next.kind === "keyword" && next.text === kind && kind !== "range") {
        this.#next();
        otherwise = { kind: "list", pos: end.pos, nodes: [this.#branch(kind, next.pos)] };
      } else {
        [otherwise, end] = this.#list();
        if (end.kind !== "end") this.#fail(`expected end; found {{${end.kind}}}`);
      }
    }
    this.#variables.length = scope;
    return { kind, pos, pipe, body, otherwise };
  }

  #name(context: string): { name: string; pos: number } {
    const token = this.#nextSolid();
    if (token.kind !== "string" && token.kind !== "raw") this.#unexpected(token, context);
    return { name: this.#unquote(token), pos: token.pos };
  }
  #unquote(token: Token): string {
    const value = unquote(token.text);
    if (value === null) this.#fail("invalid syntax");
    return value;
  }

  #template(): Node {
    const { name, pos } = this.#name("template clause");
    let pipe: PipeNode | null = null;
    if (this.#nextSolid().kind !== "right") {
      this.#at--;
      pipe = this.#pipeline("template clause", "right");
    }
    return { kind: "template", pos, name, pipe };
  }

  #block(): Node {
    const { name, pos } = this.#name("block clause");
    const pipe = this.#pipeline("block clause", "right");
    this.#definition(name, "block clause");
    return { kind: "template", pos, name, pipe };
  }

  #define() {
    const { name } = this.#name("define clause");
    this.#expect("right", "define clause");
    this.#definition(name, "define clause");
  }
  #definition(name: string, context: string) {
    const outer = this.#variables;
    this.#variables = ["$"];
    const [list, end] = this.#list();
    if (end.kind !== "end") this.#fail(`unexpected {{${end.kind}}} in ${context}`);
    this.#variables = outer;
    this.#defined.set(name, list);
  }

  #pipeline(context: string, end: "right" | ")"): PipeNode {
    const pipe: PipeNode = { kind: "pipe", pos: this.#peekSolid().pos, declares: [], assigns: false, commands: [] };
    this.#declarations(pipe, context);
    for (;;) {
      const token = this.#nextSolid();
      if (token.kind === end) break;
      if (!operandStarts.has(token.kind)) this.#unexpected(token, context);
      this.#at--;
      pipe.commands.push(this.#command());
    }
    if (pipe.commands.length === 0) this.#fail(`missing value for ${context}`);
    pipe.commands.slice(1).forEach((command, i) => {
      const first = command.args[0]?.kind;
      if (first === "bool" || first === "dot" || first === "nil" || first === "number" || first === "string") {
        this.#fail(`non executable command in pipeline stage ${i + 2}`);
      }
    });
    return pipe;
  }

  #declarations(pipe: PipeNode, context: string) {
    for (;;) {
      const variable = this.#peekSolid();
      if (variable.kind !== "variable") return;
      const start = this.#at;
      this.#next();
      const next = this.#peekSolid();
      if (next.kind === "=" || next.kind === ":=") {
        pipe.assigns = next.kind === "=";
        this.#next();
        pipe.declares.push(variable.text);
        this.#variables.push(variable.text);
        return;
      }
      if (next.kind !== "punctuation" || next.text !== ",") {
        this.#at = start;
        return;
      }
      this.#next();
      pipe.declares.push(variable.text);
      this.#variables.push(variable.text);
      if (context !== "range" || pipe.declares.length >= 2) this.#fail(`too many declarations in ${context}`);
      const after = this.#peekSolid().kind;
      if (after !== "variable" && after !== "right" && after !== ")") this.#fail("range can only initialize variables");
    }
  }

  #command(): CommandNode {
    const command: CommandNode = { kind: "command", pos: this.#peekSolid().pos, args: [] };
    for (;;) {
      this.#peekSolid();
      const operand = this.#operand();
      if (operand) command.args.push(operand);
      const token = this.#next();
      if (token.kind === "space") continue;
      if (token.kind === "right" || token.kind === ")") this.#at--;
      else if (token.kind !== "|") this.#unexpected(token, "operand");
      break;
    }
    if (command.args.length === 0) this.#fail("empty command");
    return command;
  }

  #operand(): Operand | null {
    const node = this.#term();
    if (!node || this.#peek().kind !== "field") return node;
    const pos = this.#peek().pos;
    const names: string[] = [];
    while (this.#peek().kind === "field") names.push(this.#next().text.slice(1));
    switch (node.kind) {
      case "field":
        return { kind: "field", pos, names: [...node.names, ...names] };
      case "variable":
        return { kind: "variable", pos, names: [...node.names, ...names] };
      case "bool":
      case "string":
      case "number":
      case "nil":
      case "dot":
        return this.#fail(`unexpected . after term ${quote(showNode(node))}`);
      default:
        return { kind: "chain", pos, on: node, names };
    }
  }

  #term(): Operand | null {
    const token = this.#nextSolid();
    const { pos, text } = token;
    switch (token.kind) {
      case "identifier":
        if (!this.hasFunction(text)) this.#fail(`function ${quote(text)} not defined`);
        return { kind: "identifier", pos, name: text };
      case "dot":
        return { kind: "dot", pos };
      case "nil":
        return { kind: "nil", pos };
      case "variable":
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${quote(text)}`);
        return { kind: "variable", pos, names: [text] };
      case "field":
        return { kind: "field", pos, names: [text.slice(1)] };
      case "bool":
        return { kind: "bool", pos, value: text === "true" };
      case "char": {
        const value = this.#unquote(token);
        if ([...value].length !== 1) this.#fail(`malformed character constant: ${text}`);
        return { kind: "number", pos, source: text, value: value.codePointAt(0) ?? 0, isInt: true };
      }
      case "number":
        return this.#number(token);
      case "(":
        return this.#pipeline("parenthesized pipeline", ")");
      case "string":
      case "raw":
        return { kind: "string", pos, source: text, value: this.#unquote(token) };
      default:
        this.#at--;
        return null;
    }
  }

  #number({ pos, text }: Token): NumberNode {
    const plain = text.replaceAll("_", "");
    const digits = plain.replace(/^[+-]/, "");
    if (/^0[0-9]*[89]/.test(digits) && /^\d+$/.test(digits)) this.#fail(`integer overflow: ${quote(text)}`);
    if (/^(0[xXbBoO][0-9a-fA-F]+|[0-9]+)$/.test(digits)) {
      const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
      const big = BigInt(octal) * (plain.startsWith("-") ? -1n : 1n);
      const value = BigInt(Number(big)) === big && Number.isSafeInteger(Number(big)) ? Number(big) : big;
      return { kind: "number", pos, source: text, value, isInt: true };
    }
    const value = Number(plain);
    if (Number.isNaN(value)) this.#fail(`illegal number syntax: ${quote(text)}`);
    return { kind: "number", pos, source: text, value, isInt: false };
  }
}
