/** Rows of words below each other, parted by blanks; the last word of a row stands as it is. */
export function columns(rows: readonly (readonly string[])[], gap: number): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, word] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, word.length + gap);
  return rows
    .map((row) => `${row.map((word, at) => (at === row.length - 1 ? word : word.padEnd(widths[at] ?? 0))).join("")}\n`)
    .join("");
}
