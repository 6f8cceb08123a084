import { invalid } from "./errors.ts";
import { type WildcardPart, wildcard } from "./wildcard.ts";

const broken = () => invalid("syntax error in pattern");

/**
 * Go's path.Match, which Docker's filters speak: `*` and `?` do not match a slash, `[a-z]` and `[^x]` are classes, a
 * backslash takes the next character as it is. Throws `syntax error in pattern`.
 */
export function goMatch(pattern: string, text: string): boolean {
  return wildcard(translate(pattern)).test(text);
}

function translate(pattern: string): WildcardPart[] {
  const parts: WildcardPart[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? "";
    if (character === "*") parts.push("star");
    else if (character === "?") parts.push({ one: "[^/]" });
    else if (character === "[") {
      const { source, next } = characterClass(characters, i + 1);
      parts.push({ one: source });
      i = next;
    } else if (character === "\\") {
      const literal = characters[++i];
      if (literal === undefined) throw broken();
      parts.push({ literal });
    } else parts.push({ literal: character });
  }
  return parts;
}

function characterClass(characters: readonly string[], start: number): { source: string; next: number } {
  let i = start;
  const negated = characters[i] === "^";
  if (negated) i++;
  let body = "";
  const take = (): string => {
    const character = characters[i++];
    if (character === undefined || character === "-" || character === "]") throw broken();
    if (character !== "\\") return character;
    const literal = characters[i++];
    if (literal === undefined) throw broken();
    return literal;
  };
  while (characters[i] !== "]" || body === "") {
    const low = take();
    if (characters[i] !== "-") {
      body += code(low);
      continue;
    }
    i++;
    const high = take();
    // A range the wrong way round matches nothing.
    if (low <= high) body += `${code(low)}-${code(high)}`;
    else body += "";
    if (body === "" && characters[i] === "]") return { source: negated ? "[^/]" : "[]", next: i };
  }
  return { source: negated ? `[^${body}]` : `[${body}]`, next: i };
}

function code(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
