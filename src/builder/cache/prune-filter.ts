import type { Filters } from "../../api/filters.ts";
import { parseTime } from "../../api/timestamps.ts";
import type { BuildCache } from "../../api/types/build.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { quote, unquote } from "../../lib/go-quote.ts";
import { compilePattern } from "../../lib/pattern.ts";

/** Which records of the build cache may be deleted. `unusedSince` undefined: of any age. */
export interface CacheFilter {
  /** Only what was not used since then. */
  unusedSince: Date | undefined;
  /** Only that for which it is true. */
  matches: (record: BuildCache) => boolean;
}

const spans = ["until", "unused-for"];
const texts: Record<string, (record: BuildCache) => string> = {
  id: ({ ID = "" }) => ID,
  parent: ({ Parents }) => Parents?.[0] ?? "",
  type: ({ Type = "" }) => Type,
  description: ({ Description = "" }) => Description,
};
const flags: Record<string, (record: BuildCache) => boolean> = {
  inuse: ({ InUse = false }) => InUse,
  shared: ({ Shared = false }) => Shared,
  private: ({ Shared = false }) => !Shared,
};

/**
 * The filters of `POST /build/prune`, as dockerd hands them to BuildKit: one value each; `id` is a regular expression,
 * the other texts are whole ones. `inuse`, `shared` and `private` ask without a value; none of theirs equals one.
 * `label` is known and asks nothing. Throws in dockerd's words.
 */
export async function compileCacheFilter(filters: Filters): Promise<CacheFilter> {
  try {
    filters.validate([...spans, "label", ...Object.keys(texts), ...Object.keys(flags)]);
    const unusedSince = readSpan(filters);
    const tests: ((record: BuildCache) => boolean)[] = [];
    for (const [key, get] of Object.entries(texts)) {
      const value = readValue(filters, key, key === "id" ? "~=" : "==");
      if (value === undefined) continue;
      const equals =
        key === "id" ? await compilePattern(value).catch(() => () => false) : (text: string) => text === value;
      tests.push((record) => equals(get(record)));
    }
    for (const [key, get] of Object.entries(flags)) {
      if (readValue(filters, key, "==") !== undefined) tests.push(() => false);
      else if (filters.has(key)) tests.push(get);
    }
    return { unusedSince, matches: (record) => tests.every((test) => test(record)) };
  } catch (error) {
    throw invalid(`failed to prune build cache: ${errorMessage(error)}`, error);
  }
}

function readSpan(filters: Filters): Date | undefined {
  const [key, other] = spans.filter((name) => filters.get(name).length > 0);
  if (key === undefined) return undefined;
  if (other !== undefined) throw invalid('conflicting filters: "until" and "unused-for"');
  const value = onlyValue(filters, key) ?? "";
  try {
    return new Date(Number(parseTime(value) / 1_000_000n));
  } catch (error) {
    throw invalid(`"${key}" filter expects a duration (e.g., '24h') or a timestamp: ${errorMessage(error)}`);
  }
}

function onlyValue(filters: Filters, key: string): string | undefined {
  const [value, ...others] = filters.get(key);
  if (others.length > 0) throw invalid("filters expect only one value");
  return value;
}

/** The value of `key==value` in containerd's language of filters: a run without blanks, or one within quotes. */
function readValue(filters: Filters, key: string, operator: string): string | undefined {
  const value = onlyValue(filters, key);
  if (value === undefined) return undefined;
  const selector = `${key}${operator}${value}`;
  const fail = (at: number, problem: string) => {
    const shown =
      at < selector.length ? `${selector.slice(0, at)} >|${selector[at]}|< ${selector.slice(at + 1)}` : selector;
    return invalid(
      `failed to parse prune filters [${selector}]: filters: parse error: [${shown}]: ${problem}: invalid argument`,
    );
  };
  const start = key.length + operator.length;
  const signs = /^[=!~]+/.exec(value)?.[0];
  if (signs !== undefined) throw fail(key.length, `unsupported operator ${quote(operator + signs)}`);
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(value)?.[0];
  const word = quoted ?? /^[^.,\s][^,\s]*/.exec(value)?.[0];
  if (word === undefined) throw fail(start, "expected value or quoted");
  const next = value[word.length];
  if (next !== undefined) throw fail(start + word.length, `unexpected input: ${next}`);
  return quoted === undefined ? word : (unquote(quoted) ?? "");
}
