/**
 * Variable expansion as the Dockerfile reference defines it ("Environment replacement"): `$name`, `${name}`,
 * and the modifiers `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`, with quotes and the escape character.
 */
export interface Expansion {
  /** Undefined where the variable is not set. */
  lookup(name: string): string | undefined;
  escape: string;
  /** Told of each variable that was used and not set. */
  unset?(name: string): void;
  /** Keep quotes and escapes as they stand (the content of here-documents, RUN's flags). */
  keepQuotes?: boolean;
}

/** Expands `text` into one word; quotes are taken away. Throws Error with the reason. */
export function expand(text: string, expansion: Expansion): string {
  return new Expander(text, expansion).one();
}

/** Expands `text` into words, cut at white space outside quotes; what a variable brings in is cut as well. */
export function expandWords(text: string, expansion: Expansion): string[] {
  return new Expander(text, expansion).many();
}

class Expander {
  #at = 0;
  readonly #words: string[] = [];
  #word = "";
  #wordStarted = false;

  constructor(private readonly text: string, private readonly options: Expansion) {}

  one(): string {
    return this.#run(undefined);
  }

  many(): string[] {
    this.#run(undefined, true);
    if (this.#wordStarted) this.#words.push(this.#word);
    return this.#words;
  }

  /** Reads up to an unquoted `stop` (left unread) or the end. Patterns keep their escapes: they mean something there. */
  #run(stop: string | undefined, split = false, rawEscapes = false): string {
    let out = "";
    const emit = (piece: string, quoted: boolean) => {
      out += piece;
      if (!split) return;
      if (quoted) { this.#word += piece; this.#wordStarted = true; return; }
      for (const char of piece) {
        if (/\s/.test(char)) {
          if (this.#wordStarted) this.#words.push(this.#word);
          this.#word = "";
          this.#wordStarted = false;
        } else { this.#word += char; this.#wordStarted = true; }
      }
    };
    while (this.#at < this.text.length) {
      const char = this.text[this.#at] ?? "";
      if (char === stop) return out;
      if (char === "'" && !this.options.keepQuotes) emit(this.#singleQuoted(), true);
      else if (char === '"' && !this.options.keepQuotes) emit(this.#doubleQuoted(), true);
      else if (char === "$") emit(this.#dollar(), false);
      else if (char === this.options.escape) {
        const next = this.text[this.#at + 1];
        if (next === undefined) { emit(char, true); this.#at++; continue; }
        // Kept quotes mean that a shell reads the text later: only an escaped `$` is ours to undo.
        if (rawEscapes || (this.options.keepQuotes && next !== "$")) emit(char + next, true);
        else emit(next, true);
        this.#at += 2;
      } else { emit(char, false); this.#at++; }
    }
    return out;
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
      if (char === '"') { this.#at++; return out; }
      if (char === "$") { out += this.#dollar(); continue; }
      if (char === this.options.escape) {
        const next = this.text[this.#at + 1];
        if (next === undefined) throw new Error("unexpected end of statement while looking for matching double-quote");
        // Only the quote, the dollar and the escape itself can be escaped here.
        out += next === '"' || next === "$" || next === this.options.escape ? next : char + next;
        this.#at += 2;
        continue;
      }
      out += char;
      this.#at++;
    }
  }

  #dollar(): string {
    this.#at++;
    if (this.text[this.#at] !== "{") {
      const name = this.#name();
      return name === "" ? "$" : this.#value(name) ?? "";
    }
    this.#at++;
    const name = this.#name();
    const next = this.text[this.#at];
    if (name === "") throw new Error(next === "}" || next === undefined ? "syntax error: missing ':' in substitution" : `unsupported modifier (${next}) in substitution`);
    if (next === undefined) throw new Error("syntax error: missing closing brace in substitution");
    if (next === "}") { this.#at++; return this.#value(name) ?? ""; }
    this.#at++;
    return this.#modified(name, next);
  }

  #modified(name: string, first: string): string {
    const value = this.options.lookup(name);
    let operator = first;
    if (first === ":") {
      operator = this.text[this.#at++] ?? "";
      if (!"+-?".includes(operator) || operator === "") throw new Error(`unsupported modifier (:${operator}) in substitution`);
    }
    const isSet = first === ":" ? value !== undefined && value !== "" : value !== undefined;
    switch (operator) {
      case "-": return this.#close((word) => (isSet ? value ?? "" : word));
      case "+": return this.#close((word) => (isSet ? word : ""));
      case "?": return this.#close((word) => {
        if (isSet) return value ?? "";
        throw new Error(`${name}: ${word || (first === ":" ? "not allowed to be empty" : "not allowed to be unset")}`);
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
        return this.#close((replacement) => replace(value ?? "", pattern, replacement, all));
      }
      default: throw new Error(`unsupported modifier (${operator}) in substitution`);
    }
  }

  #close(result: (word: string) => string, rawEscapes = false): string {
    const word = this.#run("}", false, rawEscapes);
    if (this.text[this.#at] !== "}") throw new Error("syntax error: missing closing brace in substitution");
    this.#at++;
    return result(word);
  }

  #name(): string {
    const match = /^(?:[a-zA-Z_][a-zA-Z0-9_]*|[0-9]|[@*#])/.exec(this.text.slice(this.#at, this.#at + 256));
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

/** Shell pattern (`*`, `?`, `\` escape) as the source of a regular expression. */
function patternSource(pattern: string, greedy: boolean): string {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? "";
    if (char === "*") source += greedy ? "[\\s\\S]*" : "[\\s\\S]*?";
    else if (char === "?") source += "[\\s\\S]";
    else source += (char === "\\" && at + 1 < pattern.length ? pattern[++at] ?? "" : char).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  return source;
}

function trim(value: string, pattern: string, where: "start" | "end", greedy: boolean): string {
  if (where === "start") return value.replace(new RegExp(`^${patternSource(pattern, greedy)}`), "");
  // The shortest suffix is found from the right: try each start, last first (or first first for the longest).
  const whole = new RegExp(`^${patternSource(pattern, true)}$`);
  const starts = Array.from({ length: value.length + 1 }, (_, index) => (greedy ? index : value.length - index));
  for (const start of starts) if (whole.test(value.slice(start))) return value.slice(0, start);
  return value;
}

function replace(value: string, pattern: string, replacement: string, all: boolean): string {
  return value.replace(new RegExp(patternSource(pattern, true), all ? "g" : ""), () => replacement);
}
