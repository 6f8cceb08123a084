/**
 * What a plugin answered, read as Go's decoder reads it: names of fields in any case, what is absent or null is empty,
 * what has another type is an error in Go's words.
 */
export function field(answer: unknown, name: string): unknown {
  if (!isFields(answer)) return undefined;
  if (Object.hasOwn(answer, name)) return answer[name];
  const found = Object.keys(answer).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : answer[found];
}

/** A text of it; absent: empty. Throws where it is none. */
export function textOf(answer: unknown, name: string): string {
  const value = field(answer, name) ?? "";
  if (typeof value !== "string") throw mismatch(value, name, "string");
  return value;
}

/** A yes or no; absent: no. Throws where it is none. */
export function truthOf(answer: unknown, name: string): boolean {
  const value = field(answer, name) ?? false;
  if (typeof value !== "boolean") throw mismatch(value, name, "bool");
  return value;
}

/** A list; absent: empty. Throws where it is none. */
export function listOf(answer: unknown, name: string): unknown[] {
  const value = field(answer, name) ?? [];
  if (!Array.isArray(value)) throw mismatch(value, name, "[]interface {}");
  return value;
}

/** An object with any fields; absent: null. Throws where it is none. */
export function fieldsOf(answer: unknown, name: string): Record<string, unknown> | null {
  const value = field(answer, name) ?? null;
  if (value !== null && !isFields(value)) throw mismatch(value, name, "map[string]interface {}");
  return value;
}

/** True for a JSON object. */
export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for a value of another type than is wanted, in the words of Go's decoder. */
function mismatch(value: unknown, name: string, type: string): Error {
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return new Error(`json: cannot unmarshal ${kind} into Go struct field .${name} of type ${type}`);
}

/** The text in which a plugin says what went wrong; empty: it says nothing, or no JSON. */
export function complaintOf(text: string): string {
  try {
    return textOf(JSON.parse(text), "Err");
  } catch {
    return "";
  }
}
