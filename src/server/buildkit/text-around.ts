/** Texts up to here are shown whole. What tells of a place has the text with it, each time. */
const wholeText = 16 * 1024;
/** Lines around a place that clients show, and some more. */
const around = 20;
/** More is not sent for one place: errors travel as headers, which hold 64 KiB in all. */
const most = 20 * 1024;

/**
 * A file's text for who draws a place in it. Of a long one only the lines about the place are there, where they stand:
 * those before are empty. Nothing, where even that is too much. `lines`: those of the text, for who asks for many
 * places.
 */
export function textAround(
  text: string,
  { start, end }: { start: number; end: number },
  lines: readonly string[] = text.split("\n"),
): string {
  if (text.length <= wholeText) return text;
  const first = Math.max(0, start - around);
  if (first > most) return "";
  const shown = "\n".repeat(first) + lines.slice(first, end + around).join("\n");
  return shown.length <= most ? shown : "";
}
