import { conflict } from "../lib/errors.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { publishPluginEvent } from "./events.ts";
import { findPlugin } from "./lookup.ts";
import type { PluginRecord } from "./record.ts";
import { stopProcess } from "./stop.ts";
import { updatePhase } from "./table.ts";

/** `docker plugin disable`: ends a plugin for good. `force`: also one that is in use. */
export async function disablePlugin(deps: ManagedPluginDeps, ref: string, { force = false } = {}): Promise<void> {
  const { id } = findPlugin(deps, ref);
  using _ = await deps.locks.acquire(id);
  const plugin = findPlugin(deps, id);
  if (plugin.phase !== "enabled")
    throw conflict(`plugin is already disabled: plugin ${plugin.name} found but disabled`);
  if (!force && deps.users.uses(plugin.name)) throw conflict(`plugin ${plugin.name} is in use`);
  await turnOff(deps, plugin, ref);
}

/** The same for who holds the plugin's lock. `ref`: as the plugin was asked for. */
export async function turnOff(deps: ManagedPluginDeps, { id }: PluginRecord, ref: string): Promise<void> {
  updatePhase(deps.store, id, "disabling");
  await stopProcess(deps, id);
  updatePhase(deps.store, id, "disabled");
  publishPluginEvent(deps, "disable", id, ref);
}
