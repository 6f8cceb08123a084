/** How values of Compose files are read: each reader checks a value and gives it in its long form. */
import { parseBytes } from "../../lib/bytes.ts";
import { formatGoDuration, readGoDuration } from "../../lib/go-duration.ts";

export type Mapping = Record<string, unknown>;
export interface Place {
  /** Where the value stands: `services.web.image`. */
  path: string;
  /** The folder that relative paths are relative to. */
  folder: string;
}
/** Throws `PATH must be …`. */
export type Reader<T = unknown> = (value: unknown, place: Place) => T;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const at = (place: Place, part: string | number): Place => ({ ...place, path: `${place.path}.${part}` });

export const text: Reader<string> = (value, { path }) => {
  if (typeof value !== "string") throw new Error(`${path} must be a string`);
  return value;
};

/** Strings and numbers, as text. */
export const word: Reader<string> = (value, { path }) => {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error(`${path} must be a string or number`);
};

export const truth: Reader<boolean> = (value, { path }) => {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "yes" || value === "y" || value === "on") return true;
  if (value === "false" || value === "no" || value === "n" || value === "off") return false;
  throw new Error(`${path} must be a boolean`);
};

export const number: Reader<number> = (value, { path }) => {
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof read !== "number" || Number.isNaN(read)) throw new Error(`${path} must be a number`);
  return read;
};

export const integer: Reader<number> = (value, place) => {
  const octal = typeof value === "string" && /^0[0-7]+$/.test(value) ? Number.parseInt(value, 8) : value;
  let read: number;
  try {
    read = number(octal, place);
  } catch {
    read = Number.NaN;
  }
  if (!Number.isInteger(read)) throw new Error(`${place.path} must be a integer`);
  return read;
};

export const duration: Reader<string> = (value, place) => formatGoDuration(BigInt(readGoDuration(text(value, place))));

/** A size in bytes, as a number; `sizeText` as text. */
export const size: Reader<number> = (value, place) =>
  typeof value === "number" ? value : parseBytes(word(value, place));
export const sizeText: Reader<string> = (value, place) => String(size(value, place));

export const listOf =
  <T>(reader: Reader<T>): Reader<T[]> =>
  (value, place) => {
    if (!Array.isArray(value)) throw new Error(`${place.path} must be a list`);
    return value.map((one, i) => reader(one, at(place, i)));
  };

export const texts = listOf(text);
export const words = listOf(word);

/** A list, or one of its elements alone. */
export const oneOrMore: Reader<string[]> = (value, place) =>
  Array.isArray(value) ? words(value, place) : [word(value, place)];

/** `a=b` lines or a mapping, as a mapping. `alone`: what a name without a value has. */
export const pairs =
  (alone: string | null, separator = "="): Reader<Record<string, string | null>> =>
  (value, place) => {
    if (isMapping(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, one === null ? alone : word(one, at(place, key))]),
      );
    }
    if (value === null) return {};
    return Object.fromEntries(
      words(value, place).map((line) => {
        const cut = line.indexOf(separator);
        return cut < 0 ? [line, alone] : [line.slice(0, cut), line.slice(cut + separator.length)];
      }),
    );
  };

/** Those that are there of some fields, in their order; other names are refused, but for extensions (`x-…`). */
export const fieldsOf =
  (readers: Readonly<Record<string, Reader>>): Reader<Mapping> =>
  (value, place) => {
    if (!isMapping(value)) throw new Error(`${place.path} must be a mapping`);
    const alien = Object.keys(value).find((key) => !Object.hasOwn(readers, key) && !key.startsWith("x-"));
    if (alien !== undefined) throw new Error(`${place.path} Additional property ${alien} is not allowed`);
    const read: Mapping = {};
    for (const [key, reader] of Object.entries(readers)) {
      const given = value[key];
      if (given === undefined || (given === null && !keepsNull.has(key))) continue;
      read[key] = reader(given, at(place, key));
    }
    for (const [key, given] of Object.entries(value)) if (key.startsWith("x-")) read[key] = given;
    return read;
  };

/** Fields that say something by having no value. */
const keepsNull = new Set(["networks"]);

/** A mapping from names to values of one kind. */
export const named =
  <T>(reader: Reader<T>): Reader<Record<string, T>> =>
  (value, place) => {
    if (!isMapping(value)) throw new Error(`${place.path} must be a mapping`);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, reader(one, at(place, key))]));
  };
