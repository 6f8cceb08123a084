/** Levenshtein distance; of words that are `limit` or more apart only that they are: Infinity. */
function distance(a: string, b: string, limit = Infinity): number {
  const [left, right] = [[...a], [...b]];
  if (Math.abs(left.length - right.length) >= limit) return Infinity;
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 0; i < left.length; i++) {
    const next = [i + 1];
    let least = i + 1;
    for (let j = 0; j < right.length; j++) {
      const cost = Math.min((row[j] ?? 0) + (left[i] === right[j] ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1);
      next.push(cost);
      if (cost < least) least = cost;
    }
    // Further on it only grows.
    if (least >= limit) return Infinity;
    row = next;
  }
  return row[right.length] ?? 0;
}

/**
 * The first of those words that are nearest, less than three letters away; undefined where the word is one of them, or
 * none is near.
 */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  let found: string | undefined;
  let least = 3;
  for (const each of words) {
    const far = distance(word, each, least);
    if (far === 0) return undefined;
    if (far < least) [found, least] = [each, far];
  }
  return found;
}

/** ` (did you mean run?)`, where one of the words is near; nothing otherwise. */
export function didYouMean(word: string, words: Iterable<string>): string {
  const found = nearest(word, words);
  return found === undefined ? "" : ` (did you mean ${found}?)`;
}
