import { conflict, EngineError, internal } from "../lib/errors.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { publishPluginEvent } from "./events.ts";
import { awaitSocket, launch, takeUp } from "./launch.ts";
import { findPlugin } from "./lookup.ts";
import { stopProcess } from "./stop.ts";
import { updatePhase } from "./table.ts";

/** `docker plugin enable`: runs a plugin, from now on and after every boot. `timeout`: seconds for each call to it. */
export async function enablePlugin(deps: ManagedPluginDeps, ref: string, timeout: number): Promise<void> {
  const { id } = findPlugin(deps, ref);
  using _ = await deps.locks.acquire(id);
  const plugin = findPlugin(deps, id);
  if (plugin.phase !== "disabled") throw conflict(`plugin already enabled: plugin ${plugin.name} is enabled`);
  updatePhase(deps.store, id, "enabling", timeout);
  try {
    await launch(deps, plugin);
    await awaitSocket(deps, plugin);
  } catch (error) {
    await stopProcess(deps, id);
    updatePhase(deps.store, id, "disabled");
    throw error instanceof EngineError ? internal(error.message, error) : error;
  }
  updatePhase(deps.store, id, "enabled");
  takeUp(deps, { ...plugin, timeout });
  publishPluginEvent(deps, "enable", id, ref);
}
