import { own } from "../lib/own.ts";
import type { ConfigFile } from "./config/file.ts";

export type FilterValues = Readonly<Record<string, readonly string[]>>;

/**
 * The filters of a prune command with those of config.json (`pruneFilters`) added. A label filter given as a flag
 * goes before one in the file that says the opposite.
 */
export function pruneFilters(config: ConfigFile, given: FilterValues): FilterValues {
  const stored = config["pruneFilters"];
  let filters = given;
  for (const filter of Array.isArray(stored) ? stored : []) {
    if (typeof filter !== "string") continue;
    const at = filter.indexOf("=");
    if (at < 0) continue;
    const [key, value] = [filter.slice(0, at), filter.slice(at + 1)];
    const opposite = key === "label" ? "label!" : key === "label!" ? "label" : "";
    if (opposite !== "" && given[opposite]?.includes(value)) continue;
    filters = withFilter(filters, key, value);
  }
  return filters;
}

export function withFilter(filters: FilterValues, key: string, value: string): FilterValues {
  const values = own(filters, key) ?? [];
  return values.includes(value) ? filters : { ...filters, [key]: [...values, value] };
}

/** What a prune did: the list of what is gone, empty where nothing is, and the bytes that became free. */
export interface Pruned {
  output: string;
  reclaimed: number;
}
