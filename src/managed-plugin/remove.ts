import { conflict } from "../lib/errors.ts";
import { collectPluginBlobs } from "./collect.ts";
import type { ManagedPluginDeps } from "./deps.ts";
import { turnOff } from "./disable.ts";
import { publishPluginEvent } from "./events.ts";
import { findPlugin } from "./lookup.ts";
import { releasePropagated } from "./propagated-mount.ts";
import { deletePlugin } from "./table.ts";

/** `docker plugin rm`: removes a plugin and all that it has written. `force`: also one that is enabled, or in use. */
export async function removePlugin(deps: ManagedPluginDeps, ref: string, { force = false } = {}): Promise<void> {
  const { id } = findPlugin(deps, ref);
  using _ = await deps.locks.acquire(id);
  const plugin = findPlugin(deps, id);
  if (plugin.phase !== "disabled") {
    if (!force) throw conflict(`plugin ${plugin.name} is enabled`);
    await turnOff(deps, plugin, ref);
  } else if (!force && deps.users.uses(plugin.name)) throw conflict(`plugin ${plugin.name} is in use`);
  deletePlugin(deps.store, id);
  releasePropagated(deps, id);
  await deps.images.archiver.remove(deps.paths.own(id));
  await collectPluginBlobs(deps, plugin.blobs);
  publishPluginEvent(deps, "remove", id, ref);
}
