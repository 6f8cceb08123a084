import { invalid } from "../../lib/errors.ts";

/**
 * Turns a JSON value into a T or throws `invalid`, naming the field. As Docker's own decoder: null counts as absent,
 * unknown fields are passed over, names match in any case.
 */
export type Schema<T> = (value: unknown, path: string) => T;

/** What a schema makes: its type, said once, in the schema. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

/** A schema for each field of a T, each of them optional. */
export type Fields<T> = { [K in keyof T]-?: Schema<NonNullable<T[K]>> };

/** The type that fields say: in a request each may be absent or null. */
export type Struct<F> = { [K in keyof F]?: Infer<F[K]> | null };

function kind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

/** The `invalid` error for a value of the wrong type, in the words of Go's decoder, which Docker passes on. */
export function wrongType(value: unknown, path: string, type: string): Error {
  const shown =
    typeof value === "number" && Number.isFinite(value) && type.startsWith("int") ? `number ${value}` : kind(value);
  return invalid(`invalid JSON: json: cannot unmarshal ${shown} into Go struct field ${path} of type ${type}`);
}

/** Text. Anything else is refused in Docker's words ({@link wrongType}). */
export const string: Schema<string> = (value, path) => {
  if (typeof value !== "string") throw wrongType(value, path, "string");
  return value;
};

/** One of a few words; any other is refused with `refusal`, in which `%` stands for it. */
export function choice<const T extends string>(values: readonly T[], refusal: string): Schema<T> {
  return (value, path) => {
    const text = string(value, path);
    const known = values.find((one) => one === text);
    if (known === undefined) throw invalid(refusal.replace("%", () => text));
    return known;
  };
}

/** As {@link choice}; no text at all stands for the first of the words. */
export function choiceOrFirst<const T extends string>(values: readonly [T, ...T[]], refusal: string): Schema<T> {
  const chosen = choice(values, refusal);
  return (value, path) => (value === "" ? values[0] : chosen(value, path));
}

/** true or false; `"true"` and 1 are refused. */
export const boolean: Schema<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw wrongType(value, path, "bool");
  return value;
};

/** A whole number of 64 bits. */
export const integer: Schema<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > 2 ** 63)
    throw wrongType(value, path, "int64");
  return value;
};

/** Any number. */
export const number: Schema<number> = (value, path) => {
  if (typeof value !== "number") throw wrongType(value, path, "float32");
  return value;
};

/** Takes any JSON value as it is. */
export const anything: Schema<unknown> = (value) => value;

/** An array whose items fit the schema. Items that are null are left out. */
export function list<T>(item: Schema<T>): Schema<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrongType(value, path, "[]");
    return value.filter((element) => element !== null).map((element) => item(element, path));
  };
}

/** An object whose values fit the schema. Values that are null are left out. */
export function map<T>(item: Schema<T>): Schema<Record<string, T>> {
  return (value, path) => {
    if (!isObject(value)) throw wrongType(value, path, "map[string]");
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, element]) => element !== null)
        .map(([key, element]) => [key, item(element, `${path}.${key}`)]),
    );
  };
}

/** The keys matter, the values are empty objects. */
export const set: Schema<Record<string, Record<string, never>>> = (value, path) => {
  if (Array.isArray(value) || typeof value !== "object" || value === null)
    throw wrongType(value, path, "map[string]struct {}");
  return Object.fromEntries(Object.keys(value).map((key) => [key, {}]));
};

/** An array of texts. */
export const strings = list(string);
/** An object whose values are texts. */
export const stringMap = map(string);

/** A command: a list of words, or one word as plain text. */
export const words: Schema<string[]> = (value, path) => (typeof value === "string" ? [value] : strings(value, path));

/** Fields of a type that is written down elsewhere. */
export function object<T extends object>(fields: Fields<T>): Schema<T> {
  return decoder(fields);
}

/** Fields that say their type themselves: it is what {@link Infer} finds. */
export function struct<F extends Record<string, Schema<unknown>>>(fields: F): Schema<Struct<F>> {
  return decoder(fields);
}

function decoder<T>(schemas: Record<string, Schema<unknown>>): Schema<T> {
  const names = new Map(Object.keys(schemas).map((name) => [name.toLowerCase(), name]));
  return (value, path) => {
    if (!isObject(value)) throw wrongType(value, path, "struct");
    const out: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(value)) {
      if (field === null) continue;
      const name = Object.hasOwn(schemas, key) ? key : names.get(key.toLowerCase());
      // The exact name wins over one in another case.
      if (name === undefined || (name !== key && Object.hasOwn(value, name))) continue;
      out[name] = schemas[name]?.(field, `${path}.${name}`);
    }
    // The border: every field was just made by its schema.
    return out as T;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
