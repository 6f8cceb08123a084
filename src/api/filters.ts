import { invalid } from "../lib/errors.ts";

/**
 * The `filters` parameter: for each key a set of values. On the wire JSON, either `{"key":["a","b"]}` or
 * `{"key":{"a":true,"b":true}}` (what Docker's own clients send; a value that says false counts as there).
 */
export class Filters {
  readonly #fields: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(fields: Iterable<readonly [string, Iterable<string>]> = []) {
    this.#fields = new Map(Array.from(fields, ([key, values]) => [key, new Set(values)]));
  }

  get size(): number {
    return this.#fields.size;
  }

  keys(): string[] {
    return [...this.#fields.keys()];
  }

  has(key: string): boolean {
    return this.#fields.has(key);
  }

  /** The values of a key; none where it is absent. */
  get(key: string): string[] {
    return [...(this.#fields.get(key) ?? [])];
  }

  /** Throws `invalid filter 'x'` for the first key that is not allowed. */
  validate(allowed: Iterable<string>): void {
    const known = new Set(allowed);
    for (const key of this.#fields.keys()) if (!known.has(key)) throw invalidFilter(key);
  }

  /** The truth value of a key (`true`, `1`, `false`, `0`); `fallback` where it is absent. Throws where it is neither or both. */
  matchBool(key: string, fallback: boolean): boolean {
    const values = this.#fields.get(key);
    if (!values) return fallback;
    const no = values.has("0") || values.has("false");
    const yes = values.has("1") || values.has("true");
    if (no === yes) throw invalidFilter(key, values);
    return yes;
  }

  /** Equal to one of the key's values; true where there are none. */
  matchExact(key: string, source: string): boolean {
    const values = this.#fields.get(key);
    return !values || values.size === 0 || values.has(source);
  }

  /** Begins with one of the key's values; true where there are none. */
  matchPrefix(key: string, source: string): boolean {
    return this.matchAny(key, (value) => source.startsWith(value));
  }

  /** Matches one of the key's values, taken as regular expressions (no match where one is malformed), or equals it. */
  matchPattern(key: string, source: string): boolean {
    return this.matchAny(key, (value) => value === source || (pattern(value)?.test(source) ?? false));
  }

  /** `test` holds for one of the key's values; true where there are none. */
  matchAny(key: string, test: (value: string) => boolean): boolean {
    const values = this.#fields.get(key);
    if (!values || values.size === 0) return true;
    for (const value of values) if (test(value)) return true;
    return false;
  }

  /** Every value (`key` or `key=value`) is among `labels`. `matchLabels(x)` looks at the filter `label`. */
  matchLabels(labels: Record<string, string> | null | undefined, key = "label"): boolean {
    return this.get(key).every((value) => hasLabel(labels ?? {}, value));
  }

  /** As prune reads them: all of `label` and not all of `label!`. */
  matchPruneLabels(labels: Record<string, string> | null | undefined): boolean {
    return this.matchLabels(labels) && (!this.has("label!") || !this.matchLabels(labels, "label!"));
  }

  /** The encoding that every daemon understands; empty where there is nothing to say. */
  toJson(): string {
    if (this.size === 0) return "";
    return JSON.stringify(Object.fromEntries(this.keys().map((key) => [key, Object.fromEntries(this.get(key).map((value) => [value, true]))])));
  }
}

export const noFilters = new Filters();

/** Reads the parameter. Throws `invalid filter` where it is neither of the encodings. */
export function parseFilters(json?: string | null): Filters {
  if (!json) return noFilters;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw invalid("invalid filter", error);
  }
  if (parsed === null) return noFilters;
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw invalid("invalid filter");
  return new Filters(Object.entries(parsed).map(([key, values]) => [key, parseValues(values)]));
}

function parseValues(values: unknown): string[] {
  if (values === null) return [];
  if (Array.isArray(values)) {
    if (!values.every((value) => typeof value === "string")) throw invalid("invalid filter");
    return values;
  }
  if (typeof values !== "object" || !Object.values(values).every((value) => typeof value === "boolean")) throw invalid("invalid filter");
  return Object.keys(values);
}

/** Docker's words for a filter that cannot be used: `invalid filter 'x'`, `invalid filter 'x=[a b]'`. */
export function invalidFilter(key: string, values?: Iterable<string>): Error {
  return invalid(values ? `invalid filter '${key}=[${[...values].join(" ")}]'` : `invalid filter '${key}'`);
}

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  if (!Object.hasOwn(labels, name)) return false;
  return equals < 0 || labels[name] === wanted.slice(equals + 1);
}

function pattern(text: string): RegExp | null {
  try {
    return new RegExp(text);
  } catch {
    return null;
  }
}
