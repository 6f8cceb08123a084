/** The strings of a JSON array, or null where the text is none. An array of other things is a mistake. */
export function jsonForm(text: string, fail: (message: string) => never): string[] | null {
  if (!text.startsWith("[")) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  return value.every((each): each is string => typeof each === "string")
    ? value
    : fail("when using JSON array syntax, arrays must be comprised of strings only");
}
