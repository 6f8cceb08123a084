import type { Filters } from "../api/filters.ts";
import { invalid } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";
import { isPredefined, type NetworkRecord } from "./record.ts";
import { endpointCount } from "./table.ts";

const allowed = ["dangling", "driver", "id", "label", "name", "scope", "type"];

/** Which networks `GET /networks` lists. Throws what is wrong with the filters. */
export function networkFilter(ctx: NetworkContext, filters: Filters): (network: NetworkRecord) => boolean {
  filters.validate(allowed);
  const types = filters.get("type");
  for (const type of types) if (type !== "builtin" && type !== "custom") throw invalid(`invalid filter: 'type'='${type}'`);
  const dangling = filters.has("dangling") ? danglingOf(filters.get("dangling")) : null;
  return (network) =>
    filters.matchExact("driver", network.Driver) &&
    filters.matchPattern("name", network.Name) &&
    filters.matchPattern("id", network.Id) &&
    filters.matchLabels(network.Labels) &&
    filters.matchExact("scope", network.Scope) &&
    (types.length === 0 || types.includes(isPredefined(network.Name) ? "builtin" : "custom")) &&
    (dangling === null || dangling === isDangling(ctx, network));
}

/** Nobody uses it, and someone made it. */
export function isDangling(ctx: NetworkContext, network: NetworkRecord): boolean {
  return !isPredefined(network.Name) && endpointCount(ctx.store, network.Id) === 0;
}

function danglingOf(values: string[]): boolean {
  const [value = "", ...others] = values;
  if (others.length > 0) throw invalid('got more than one value for filter key "dangling"');
  if (value === "1" || value === "true") return true;
  if (value === "0" || value === "false") return false;
  throw invalid("invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")");
}
