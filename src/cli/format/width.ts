/** How many columns of a terminal the text takes: wide East Asian characters two, combining ones none. */
export function displayWidth(text: string): number {
  // Plain ASCII is nearly everything an engine prints.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : Bun.stringWidth(text);
}

/** Cuts a text to `width` columns, the last of them an ellipsis where something was cut. */
export function ellipsis(text: string, width: number): string {
  if (width <= 0) return "";
  const runes = [...text];
  if (width === 1) return runes[0] ?? "";
  if (displayWidth(text) <= width) return text;
  let used = 0;
  let out = "";
  for (const rune of runes) {
    used += Math.max(displayWidth(rune), 0);
    if (used > width - 1) break;
    out += rune;
  }
  return `${out}…`;
}
