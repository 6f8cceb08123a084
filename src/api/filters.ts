import { invalid } from "../lib/errors.ts";
import { quote } from "../lib/go-quote.ts";
import { parseJson } from "../lib/parse-json.ts";
import { compilePattern } from "../lib/pattern.ts";

/** Values of a filter. Those of the map form may be there and yet say false. */
type Values = ReadonlyMap<string, boolean>;

/**
 * The `filters` parameter: for each key a set of values. On the wire JSON, either all lists, `{"key":["a","b"]}`, or
 * all maps, `{"key":{"a":true,"b":true}}`, which is what Docker's own clients send. A value that says false counts as
 * there for all that takes the values one by one (patterns, labels, beginnings), but equals nothing.
 */
export class Filters {
  readonly #fields: ReadonlyMap<string, Values>;

  constructor(fields: Iterable<readonly [string, Iterable<string | readonly [string, boolean]>]> = []) {
    this.#fields = new Map(
      Array.from(fields, ([key, values]) => [
        key,
        new Map(Array.from(values, (value) => (typeof value === "string" ? [value, true] : value))),
      ]),
    );
  }

  get size(): number {
    return this.#fields.size;
  }

  has(key: string): boolean {
    return this.#fields.has(key);
  }

  /** The values of a key; none where it is absent. */
  get(key: string): string[] {
    return [...(this.#fields.get(key)?.keys() ?? [])];
  }

  /** The values of a key as whole numbers. Throws `invalid filter 'key=x': strconv.Atoi: …` where one is none. */
  integers(key: string): number[] {
    return this.get(key).map((value) => {
      const complaint = !/^[+-]?\d+$/.test(value)
        ? "invalid syntax"
        : Math.abs(Number(value)) >= 2 ** 63
          ? "value out of range"
          : null;
      if (complaint)
        throw invalid(`invalid filter '${key}=${value}': strconv.Atoi: parsing ${quote(value)}: ${complaint}`);
      return Number(value);
    });
  }

  /** The same, with these values of a key instead of others. */
  with(key: string, values: Iterable<string>): Filters {
    return new Filters([...this.#fields, [key, values]]);
  }

  /** Throws `invalid filter 'x'` for the first key that is not allowed. */
  validate(allowed: Iterable<string>): void {
    const known = new Set(allowed);
    for (const key of this.#fields.keys()) if (!known.has(key)) throw invalidFilter(key);
  }

  /**
   * The truth value of a key (`true`, `1`, `false`, `0`); `fallback` where it is absent. Throws where it is neither or
   * both.
   */
  matchBool(key: string, fallback: boolean): boolean {
    const values = this.#fields.get(key);
    if (!values) return fallback;
    const no = values.get("0") || values.get("false") || false;
    const yes = values.get("1") || values.get("true") || false;
    if (no === yes) throw invalidFilter(key, values.keys());
    return yes;
  }

  /** Equal to one of the key's values; true where there are none. */
  matchExact(key: string, source: string): boolean {
    const values = this.#fields.get(key);
    return !values || values.size === 0 || values.get(source) === true;
  }

  /** Begins with one of the key's values; true where there are none. */
  matchPrefix(key: string, source: string): boolean {
    return this.matchAny(key, (value) => source.startsWith(value));
  }

  /**
   * Whether a text equals one of the key's values, or matches one as a regular expression; those that are none match
   * nothing. True where there are no values.
   */
  async matcher(key: string): Promise<(source: string) => boolean> {
    const patterns = await Promise.all(this.get(key).map((value) => compilePattern(value).catch(() => null)));
    return (source) => this.matchExact(key, source) || patterns.some((pattern) => pattern?.(source));
  }

  /** `test` holds for one of the key's values; true where there are none. */
  matchAny(key: string, test: (value: string) => boolean): boolean {
    const values = this.#fields.get(key);
    return !values || values.size === 0 || values.keys().some(test);
  }

  /** Every value (`key` or `key=value`) is among `labels`. `matchLabels(x)` looks at the filter `label`. */
  matchLabels(labels: Record<string, string> | null | undefined, key = "label"): boolean {
    return this.get(key).every((value) => hasLabel(labels ?? {}, value));
  }

  /** As prune reads them: all of `label` and not all of `label!`. */
  matchPruneLabels(labels: Record<string, string> | null | undefined): boolean {
    return this.matchLabels(labels) && (!this.has("label!") || !this.matchLabels(labels, "label!"));
  }
}

/** Lets everything through. */
export const noFilters = new Filters();

/** Reads the parameter. Throws `invalid filter` where it is neither of the encodings. */
export function parseFilters(json?: string | null): Filters {
  if (!json) return noFilters;
  let parsed: unknown;
  try {
    parsed = parseJson(json);
  } catch (error) {
    throw invalid("invalid filter", error);
  }
  if (parsed === null) return noFilters;
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw invalid("invalid filter");
  const fields = Object.entries(parsed);
  const read = fields.some(([, values]) => Array.isArray(values)) ? listValues : mapValues;
  return new Filters(fields.map(([key, values]) => [key, read(values)]));
}

/** As Go reads them, null is the empty text. */
function listValues(values: unknown): string[] {
  if (values === null) return [];
  if (!Array.isArray(values)) throw invalid("invalid filter");
  return values.map((value: unknown) => {
    if (value !== null && typeof value !== "string") throw invalid("invalid filter");
    return value ?? "";
  });
}

/** As Go reads them, null is false. */
function mapValues(values: unknown): Values {
  if (values === null) return new Map();
  if (typeof values !== "object") throw invalid("invalid filter");
  return new Map(
    Object.entries(values).map(([value, holds]: [string, unknown]) => {
      if (holds !== null && typeof holds !== "boolean") throw invalid("invalid filter");
      return [value, holds ?? false];
    }),
  );
}

/**
 * Docker's words for a filter that cannot be used: `invalid filter 'x'`, `invalid filter 'x=[a b]'`, `invalid filter`
 * for one without a name.
 */
export function invalidFilter(key: string, values: Iterable<string> = []): Error {
  const shown = [...values];
  if (key === "") return invalid("invalid filter");
  return invalid(shown.length > 0 ? `invalid filter '${key}=[${shown.join(" ")}]'` : `invalid filter '${key}'`);
}

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  if (!Object.hasOwn(labels, name)) return false;
  return equals < 0 || labels[name] === wanted.slice(equals + 1);
}
