import type { Filters } from "../api/filters.ts";
import type { Plugin } from "../api/types/plugin.ts";
import { capabilityOf } from "./capability.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { describePlugin } from "./inspect.ts";
import { allPlugins } from "./table.ts";

/** Plugins that are here, of those the filters `enabled` and `capability` let through. Throws `invalid`. */
export function listPlugins(deps: ManagedPluginDeps, filters: Filters): Plugin[] {
  filters.validate(["enabled", "capability"]);
  const enabled = filters.has("enabled") ? filters.matchBool("enabled", true) : undefined;
  return allPlugins(deps.store)
    .map(describePlugin)
    .filter((plugin) => enabled === undefined || plugin.Enabled === enabled)
    .filter(({ Config }) => matches(Config.Interface.Types ?? [], filters.get("capability")));
}

/** A plugin without types is of any kind. */
function matches(types: readonly string[], wanted: readonly string[]): boolean {
  return types.length === 0 || wanted.every((capability) => types.some((type) => capabilityOf(type) === capability));
}
