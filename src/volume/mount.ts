import { EngineError, errorKind, errorMessage } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import type { VolumeDeps } from "./deps.ts";
import { getVolume } from "./describe.ts";
import type { VolumeDriver } from "./driver/driver.ts";
import { isPluginDriver, mountFromPlugin, settleLeft, settleMount } from "./plugin-mount.ts";
import { finishRenames } from "./rename.ts";
import {
  allMounts,
  allVolumes,
  deleteMount,
  insertMount,
  mountCount,
  mountsOf,
  updateMountToLeft,
  type VolumeRecord,
  volumeByName,
} from "./table.ts";

/** Makes the volume's data present and returns its host path. Counted by container; idempotent for each. */
export async function mountVolume(deps: VolumeDeps, name: string, containerId: string): Promise<string> {
  using _ = await deps.locks.acquire(name);
  const volume = getVolume(deps, name);
  const driver = await deps.drivers.find(volume.driver, "for its file");
  if (isPluginDriver(driver)) return await mountFromPlugin(deps, volume, driver, containerId);
  insertMount(deps.store, name, containerId, newId());
  try {
    return await driver.mount(name, volume.options ?? {}, containerId);
  } catch (cause) {
    deleteMount(deps.store, name, containerId);
    throw new EngineError(
      errorKind(cause),
      `error while mounting volume '${await driver.path(name)}': ${errorMessage(cause)}`,
      { cause },
    );
  }
}

/** Gives up a container's mount. Idempotent, also for a volume that is gone. */
export async function unmountVolume(deps: VolumeDeps, name: string, containerId: string): Promise<void> {
  using _ = await deps.locks.acquire(name);
  const volume = volumeByName(deps.store, name);
  if (!volume) return;
  const builtin = deps.drivers.builtin.get(volume.driver);
  if (builtin) return await giveUp(deps, volume, builtin, containerId);
  const mount = mountsOf(deps.store, name).find((other) => other.containerId === containerId);
  if (mount) await settleMount(deps, volume, mount);
}

/**
 * At boot: finishes renames, gives up the mounts of containers that do not live, and unmounts what has no user. Plugins
 * may take their time to come, and are told in the background.
 */
export async function reconcileVolumes(deps: VolumeDeps, liveContainerIds: ReadonlySet<string>): Promise<void> {
  await finishRenames(deps);
  for (const driver of deps.drivers.builtin.values()) await driver.dropReceived();
  const mounts = Map.groupBy(allMounts(deps.store), ({ name }) => name);
  const elsewhere: VolumeRecord[] = [];
  for (const volume of allVolumes(deps.store)) {
    const dead = (mounts.get(volume.name) ?? []).filter(({ containerId }) => !liveContainerIds.has(containerId));
    const builtin = deps.drivers.builtin.get(volume.driver);
    if (!builtin) {
      for (const mount of dead) updateMountToLeft(deps.store, mount);
      elsewhere.push(volume);
      continue;
    }
    try {
      for (const { containerId } of dead) await giveUp(deps, volume, builtin, containerId);
      if (mountCount(deps.store, volume.name) > 0) continue;
      await builtin.unmount(volume.name, volume.options ?? {}, null, 0);
    } catch (error) {
      deps.log.warn("cannot unmount volume", { volume: volume.name, error: errorMessage(error) });
    }
  }
  void settleLeft(deps, elsewhere);
}

/** The row goes last: after a crash it tells who had it. */
async function giveUp(
  deps: VolumeDeps,
  { name, options }: VolumeRecord,
  driver: VolumeDriver,
  containerId: string,
): Promise<void> {
  try {
    const others = mountCount(deps.store, name, containerId);
    await driver.unmount(name, options ?? {}, containerId, others);
  } finally {
    deleteMount(deps.store, name, containerId);
  }
}
