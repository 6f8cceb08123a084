import { invalid } from "../lib/errors.ts";
import { type Filters, invalidFilter } from "./filters.ts";
import { parseTime } from "./timestamps.ts";

/**
 * The moment that the filter `until` of a prune names, in nanoseconds since 1970; null without the filter. Throws where
 * it has several values or none (over which dockerd falls: it must not mean that everything goes).
 */
export function untilOf(filters: Filters): bigint | null {
  if (!filters.has("until")) return null;
  const [value, ...others] = filters.get("until");
  if (others.length > 0) throw invalid("more than one until filter specified");
  if (value === undefined) throw invalidFilter("until");
  return parseTime(value);
}
