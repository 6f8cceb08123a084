import { conflict, EngineError, errorKind, errorMessage } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import { noSuchVolume } from "./describe.ts";
import { findInPlugins, recordOf } from "./find.ts";
import { isPluginDriver, removeFromPlugin } from "./plugin-mount.ts";
import { copiers, deleteVolume, referrers, volumeByName } from "./table.ts";

/** How strictly to look before a volume is deleted. */
export interface RemoveVolumeOptions {
  /** A missing volume is no error. */
  force?: boolean;
  /** The container that is being removed with it: its own reference is none. */
  withContainer?: string;
}

/** A volume that a container refers to is a conflict. */
export async function removeVolume(
  deps: VolumeDeps,
  name: string,
  { force = false, withContainer }: RemoveVolumeOptions = {},
): Promise<void> {
  using _ = await deps.locks.acquire(name);
  const stored = volumeByName(deps.store, name);
  const found = stored ? null : await findInPlugins(deps, name);
  const volume = stored ?? (found && recordOf(found));
  if (!volume) {
    if (force) return;
    throw noSuchVolume(name);
  }
  const users = [...referrers(deps.store, name).filter((id) => id !== withContainer), ...copiers(deps.store, name)];
  if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(", ")}]`);
  try {
    const driver = found?.driver ?? (await deps.drivers.find(volume.driver));
    if (isPluginDriver(driver)) await removeFromPlugin(deps, volume, driver);
    else await driver.remove(name, volume.options ?? {});
  } catch (cause) {
    // What a plugin keeps is its own affair: the engine at least forgets it.
    if (force && !deps.drivers.builtin.has(volume.driver)) deleteVolume(deps.store, name);
    throw new EngineError(errorKind(cause), `remove ${name}: ${errorMessage(cause)}`, { cause });
  }
  deleteVolume(deps.store, name);
  deps.events.publish("volume", "destroy", { ID: name, Attributes: { driver: volume.driver } });
}
