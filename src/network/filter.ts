import type { Filters } from "../api/filters.ts";
import { invalid } from "../lib/errors.ts";
import type { NetworkDeps } from "./deps.ts";
import { isPredefined } from "./predefined.ts";
import type { NetworkRecord } from "./record.ts";
import { endpointCount } from "./table.ts";

const allowed = ["dangling", "driver", "id", "label", "name", "scope", "type"];

/** Which networks `GET /networks` lists. Throws `invalid` on a filter that is unknown or has a bad value. */
export async function networkFilter(deps: NetworkDeps, filters: Filters): Promise<(network: NetworkRecord) => boolean> {
  filters.validate(allowed);
  const types = filters.get("type");
  for (const type of types)
    if (type !== "builtin" && type !== "custom") throw invalid(`invalid filter: 'type'='${type}'`);
  const dangling = filters.get("dangling").length > 0 ? danglingOf(filters.get("dangling")) : null;
  const [named, identified] = await Promise.all([filters.matcher("name"), filters.matcher("id")]);
  return (network) =>
    filters.matchExact("driver", network.Driver) &&
    named(network.Name) &&
    identified(network.Id) &&
    filters.matchLabels(network.Labels) &&
    filters.matchExact("scope", network.Scope) &&
    (!filters.has("type") || types.includes(isPredefined(deps, network.Name) ? "builtin" : "custom")) &&
    (dangling === null || dangling === isDangling(deps, network));
}

/** Not used by any container, and not one of the predefined networks. */
export function isDangling(deps: NetworkDeps, network: NetworkRecord): boolean {
  return !isPredefined(deps, network.Name) && endpointCount(deps.store, network.Id) === 0;
}

function danglingOf(values: string[]): boolean {
  const [value = "", ...others] = values;
  if (others.length > 0) throw invalid('got more than one value for filter key "dangling"');
  if (value === "1" || value === "true") return true;
  if (value === "0" || value === "false") return false;
  throw invalid('invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")');
}
