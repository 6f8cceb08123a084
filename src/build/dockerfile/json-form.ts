/** The strings of a JSON array, or null where the text is none. */
export function jsonForm(text: string): string[] | null {
  if (!text.startsWith("[")) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return Array.isArray(value) && value.every((each): each is string => typeof each === "string") ? value : null;
}
