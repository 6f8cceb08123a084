/** Lists and objects in one another, as in Go's decoder. */
export const deepest = 10_000;

/** Below this, no text can cost much. */
const short = 16 * 1024;
const [quote, backslash, list, listEnd, object, objectEnd] = [34, 92, 91, 93, 123, 125];

/**
 * Whether lists and objects stand in one another deeper than anybody means it. `JSON.parse` of Bun 1.4.5 takes eighty
 * bytes and half a microsecond for each level, so a text of brackets would hold everybody up: this costs its length.
 */
export function isTooDeep(text: string): boolean {
  if (text.length < short) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === quote) {
      at = closingQuote(text, at);
      if (at < 0) return false;
    } else if (char === list || char === object) {
      if (++depth > deepest) return true;
    } else if (char === listEnd || char === objectEnd) depth--;
  }
  return false;
}

/** Where the string ends that begins at `from`; negative: nowhere. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}
