import { invalid } from "../../lib/errors.ts";

/**
 * Turns a JSON value into a T or throws `invalid`, naming the field. As Docker's own decoder: null counts as absent,
 * unknown fields are passed over, names match in any case.
 */
export type Schema<T> = (value: unknown, path: string) => T;

/** A schema of fields, each of them optional. */
export type Fields<T> = { [K in keyof T]-?: Schema<NonNullable<T[K]>> };

function kind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

/** Docker's words for a value of the wrong type. */
export function wrongType(value: unknown, path: string, type: string): Error {
  const shown = typeof value === "number" && Number.isFinite(value) && type.startsWith("int") ? `number ${value}` : kind(value);
  return invalid(`invalid JSON: json: cannot unmarshal ${shown} into Go struct field ${path} of type ${type}`);
}

export const string: Schema<string> = (value, path) => {
  if (typeof value !== "string") throw wrongType(value, path, "string");
  return value;
};

export const boolean: Schema<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw wrongType(value, path, "bool");
  return value;
};

/** A whole number of 64 bits. */
export const integer: Schema<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > 2 ** 63) throw wrongType(value, path, "int64");
  return value;
};

/** Any JSON value, as it is. */
export const anything: Schema<unknown> = (value) => value;

export function list<T>(item: Schema<T>): Schema<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrongType(value, path, "[]");
    return value.filter((element) => element !== null).map((element) => item(element, path));
  };
}

/** null values are kept out of it. */
export function map<T>(item: Schema<T>): Schema<Record<string, T>> {
  return (value, path) => {
    if (!isObject(value)) throw wrongType(value, path, "map[string]");
    return Object.fromEntries(Object.entries(value).filter(([, element]) => element !== null).map(([key, element]) => [key, item(element, `${path}.${key}`)]));
  };
}

/** The keys matter, the values are empty objects. */
export const set: Schema<Record<string, Record<string, never>>> = (value, path) => {
  if (Array.isArray(value) || typeof value !== "object" || value === null) throw wrongType(value, path, "map[string]struct {}");
  return Object.fromEntries(Object.keys(value).map((key) => [key, {}]));
};

export const strings = list(string);
export const stringMap = map(string);

/** A command: a list of words, or one word as plain text. */
export const words: Schema<string[]> = (value, path) => (typeof value === "string" ? [value] : strings(value, path));

export function object<T extends object>(fields: Fields<T>): Schema<T> {
  const names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  const schemas: Record<string, Schema<unknown>> = fields;
  return (value, path) => {
    if (!isObject(value)) throw wrongType(value, path, "struct");
    const out: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(value)) {
      if (field === null) continue;
      const name = key in schemas ? key : names.get(key.toLowerCase());
      // The exact name wins over one in another case.
      if (name === undefined || (name !== key && name in value)) continue;
      out[name] = schemas[name]?.(field, `${path}.${name}`);
    }
    // The border: every field was just made by its schema.
    return out as T;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
