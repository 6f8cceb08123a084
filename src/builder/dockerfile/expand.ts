import { StateMachine, type WildcardPart } from "../../lib/wildcard.ts";

/**
 * Variable expansion as the Dockerfile reference defines it ("Environment replacement"): `$name`, `${name}`,
 * and the modifiers `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`, with quotes and the escape character.
 */
export interface Expansion {
  /** Undefined where the variable is not set. */
  lookup(name: string): string | undefined;
  escape: string;
  /** Told of each variable that was used and not set, also where the use has a word for that. */
  unset?(name: string): void;
  /** Quotes are text like any other (the content of here-documents). */
  keepQuotes?: boolean;
  /** What is not set stays as it is written (texts that people read). */
  keepUnset?: boolean;
}

/** Expands `text` into one word; quotes are taken away. Throws Error with the reason. */
export function expand(text: string, expansion: Expansion): string {
  return new Expander(text, expansion).one();
}

/** Expands `text` into words, cut at white space outside quotes; what a variable brings in is cut as well. */
export function expandWords(text: string, expansion: Expansion): string[] {
  return new Expander(text, expansion).many();
}

/** Characters of a word: a variable that is twice another one, which is twice another one, soon fills any memory. */
const longestWord = 8 * 1024 * 1024;

function checkLength(length: number): void {
  if (length > longestWord) throw new Error(`the value is longer than ${longestWord} characters`);
}

class Expander {
  #at = 0;
  readonly #words: string[] = [];
  #word = "";
  #wordStarted = false;

  constructor(
    private readonly text: string,
    private readonly options: Expansion,
  ) {}

  one(): string {
    return this.#run(undefined);
  }

  many(): string[] {
    this.#run(undefined, true);
    if (this.#wordStarted) this.#words.push(this.#word);
    return this.#words;
  }

  /**
   * Reads up to an unquoted `stop` (left unread) or the end. Patterns keep their escapes: they mean something there.
   */
  #run(stop: string | undefined, split = false, rawEscapes = false): string {
    let out = "";
    const emit = (piece: string, quoted: boolean) => {
      out += piece;
      checkLength(out.length);
      if (!split) return;
      if (quoted) {
        this.#word += piece;
        this.#wordStarted = true;
        return;
      }
      for (const char of piece) {
        if (/\s/.test(char)) {
          if (this.#wordStarted) this.#words.push(this.#word);
          this.#word = "";
          this.#wordStarted = false;
        } else {
          this.#word += char;
          this.#wordStarted = true;
        }
      }
    };
    while (this.#at < this.text.length) {
      const char = this.text[this.#at] ?? "";
      if (char === stop) return out;
      if (char === "'" && !this.options.keepQuotes) emit(this.#singleQuoted(), true);
      else if (char === '"' && !this.options.keepQuotes) emit(this.#doubleQuoted(), true);
      else if (char === "$") emit(this.#dollar(), false);
      else if (char === this.options.escape) {
        // At the end of a word it escapes nothing, and goes.
        const next = this.text[this.#at + 1] ?? "";
        emit(rawEscapes ? char + next : next, true);
        this.#at += 2;
      } else {
        const from = this.#at++;
        while (this.#at < this.text.length && !this.#isSpecial(this.text[this.#at] ?? "", stop)) this.#at++;
        emit(this.text.slice(from, this.#at), false);
      }
    }
    return out;
  }

  #isSpecial(char: string, stop: string | undefined): boolean {
    return (
      char === "$" ||
      char === stop ||
      char === this.options.escape ||
      ((char === '"' || char === "'") && !this.options.keepQuotes)
    );
  }

  #singleQuoted(): string {
    const end = this.text.indexOf("'", this.#at + 1);
    if (end < 0) throw new Error("unexpected end of statement while looking for matching single-quote");
    const inner = this.text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return inner;
  }

  #doubleQuoted(): string {
    let out = "";
    this.#at++;
    for (;;) {
      const char = this.text[this.#at];
      if (char === undefined) throw new Error("unexpected end of statement while looking for matching double-quote");
      if (char === '"') {
        this.#at++;
        return out;
      }
      if (char === "$") {
        out += this.#dollar();
        checkLength(out.length);
        continue;
      }
      if (char === this.options.escape) {
        const next = this.text[this.#at + 1];
        if (next === undefined) throw new Error("unexpected end of statement while looking for matching double-quote");
        // Only the quote, the dollar and the escape itself can be escaped here.
        out += next === '"' || next === "$" || next === this.options.escape ? next : char + next;
        this.#at += 2;
        continue;
      }
      const from = this.#at++;
      while (this.#at < this.text.length && !this.#isSpecial(this.text[this.#at] ?? "", '"')) this.#at++;
      out += this.text.slice(from, this.#at);
    }
  }

  #dollar(): string {
    const from = this.#at++;
    if (this.text[this.#at] !== "{") {
      const name = this.#name();
      return name === "" ? "$" : (this.#value(name) ?? this.#unset(from));
    }
    this.#at++;
    const name = this.#name();
    const next = this.text[this.#at];
    if (next === undefined) throw new Error("syntax error: missing '}'");
    if (name === "" && "{}:".includes(next)) throw new Error("syntax error: bad substitution");
    if (next === "}") {
      this.#at++;
      return this.#value(name) ?? this.#unset(from);
    }
    this.#at++;
    return this.#modified(name, next);
  }

  /** What stands for a variable without a value, written from there to here. */
  #unset(from: number): string {
    return this.options.keepUnset ? this.text.slice(from, this.#at) : "";
  }

  #modified(name: string, first: string): string {
    const value = this.#value(name);
    let operator = first;
    if (first === ":") {
      operator = this.text[this.#at++] ?? "";
      if (operator === "") throw new Error("syntax error: missing '}'");
      if (!"+-?".includes(operator)) throw new Error(`unsupported modifier (:${operator}) in substitution`);
    }
    const isSet = first === ":" ? value !== undefined && value !== "" : value !== undefined;
    switch (operator) {
      case "-":
        return this.#close((word) => (isSet ? (value ?? "") : word));
      case "+":
        return this.#close((word) => (isSet ? word : ""));
      case "?":
        return this.#close((word) => {
          if (isSet) return value ?? "";
          throw new Error(
            `${name}: ${word || (value === undefined ? "is not allowed to be unset" : "is not allowed to be empty")}`,
          );
        });
      case "#":
      case "%": {
        const greedy = this.text[this.#at] === operator;
        if (greedy) this.#at++;
        return this.#close((pattern) => trim(value ?? "", pattern, operator === "#" ? "start" : "end", greedy), true);
      }
      case "/": {
        const all = this.text[this.#at] === "/";
        if (all) this.#at++;
        const pattern = this.#run("/", false, true);
        if (this.text[this.#at] !== "/") throw new Error("syntax error: missing '/' in ${}");
        this.#at++;
        return this.#close((replacement) => replace(value ?? "", pattern, replacement, all), true);
      }
      default:
        throw new Error(`unsupported modifier (${operator}) in substitution`);
    }
  }

  #close(result: (word: string) => string, rawEscapes = false): string {
    const word = this.#run("}", false, rawEscapes);
    if (this.text[this.#at] !== "}") throw new Error("syntax error: missing '}'");
    this.#at++;
    return result(word);
  }

  #name(): string {
    // A number and the shell's own signs are names as well, though of nothing that the builder knows.
    const match = /^(?:[\p{L}_][\p{L}\p{Nd}_]*|\p{Nd}+|[@*#?\-$!])/u.exec(this.text.slice(this.#at, this.#at + 256));
    const name = match?.[0] ?? "";
    this.#at += name.length;
    return name;
  }

  #value(name: string): string | undefined {
    const value = this.options.lookup(name);
    if (value === undefined) this.options.unset?.(name);
    return value;
  }
}

/** Shell pattern (`*`, `?`, `\\` escape). */
function partsOf(pattern: string): WildcardPart[] {
  const parts: WildcardPart[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const char = characters[at] ?? "";
    if (char === "*") parts.push("deep");
    else if (char === "?") parts.push({ one: "." });
    else parts.push({ literal: char === "\\" && at + 1 < characters.length ? (characters[++at] ?? "") : char });
  }
  return parts;
}

function trim(value: string, pattern: string, where: "start" | "end", greedy: boolean): string {
  const [characters, parts] = [[...value], partsOf(pattern)];
  // From the end all is the same, the other way round.
  const turned = where === "end";
  const machine = new StateMachine(turned ? parts.toReversed() : parts);
  const { end } = machine.prefix(turned ? characters.toReversed() : characters, 0, greedy ? "longest" : "shortest");
  if (end === null) return value;
  return (turned ? characters.slice(0, characters.length - end) : characters.slice(end)).join("");
}

function replace(value: string, pattern: string, replacement: string, all: boolean): string {
  const characters = [...value];
  const machine = new StateMachine(partsOf(pattern));
  const out: string[] = [];
  let length = value.length;
  let at = 0;
  while (at < characters.length) {
    const { end, ran } = machine.prefix(characters, at, "longest");
    if (end === null && ran) break;
    if (end === null || end === at) {
      out.push(characters[at++] ?? "");
      continue;
    }
    checkLength((length += replacement.length));
    out.push(replacement);
    at = end;
    if (!all) break;
  }
  return out.join("") + characters.slice(at).join("");
}
