import { EngineError, errorKind, errorMessage } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import { getVolume } from "./describe.ts";
import { volumeDriver } from "./driver/driver.ts";
import { finishRenames } from "./rename.ts";
import {
  allMounts,
  allVolumes,
  deleteMount,
  insertMount,
  mountCount,
  type VolumeRecord,
  volumeByName,
} from "./table.ts";

/** Makes the volume's data present and returns its host path. Counted by container; idempotent for each. */
export async function mountVolume(deps: VolumeDeps, name: string, containerId: string): Promise<string> {
  using _ = await deps.locks.acquire(name);
  const volume = getVolume(deps, name);
  const driver = volumeDriver(deps, volume.driver);
  insertMount(deps.store, name, containerId);
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
  if (volume) await giveUp(deps, volume, containerId);
}

/** At boot: finishes renames, gives up the mounts of containers that do not live, and unmounts what has no user. */
export async function reconcileVolumes(deps: VolumeDeps, liveContainerIds: ReadonlySet<string>): Promise<void> {
  await finishRenames(deps);
  for (const driver of deps.drivers.values()) await driver.dropReceived();
  const mounts = Map.groupBy(allMounts(deps.store), ({ name }) => name);
  for (const volume of allVolumes(deps.store)) {
    const dead = (mounts.get(volume.name) ?? []).filter(({ containerId }) => !liveContainerIds.has(containerId));
    try {
      for (const { containerId } of dead) await giveUp(deps, volume, containerId);
      if (mountCount(deps.store, volume.name) > 0) continue;
      await volumeDriver(deps, volume.driver).unmount(volume.name, volume.options ?? {}, null, 0);
    } catch (error) {
      deps.log.warn("cannot unmount volume", { volume: volume.name, error: errorMessage(error) });
    }
  }
}

/** The row goes last: after a crash it tells who had it. */
async function giveUp(deps: VolumeDeps, { name, driver, options }: VolumeRecord, containerId: string): Promise<void> {
  try {
    const others = mountCount(deps.store, name, containerId);
    await volumeDriver(deps, driver).unmount(name, options ?? {}, containerId, others);
  } finally {
    deleteMount(deps.store, name, containerId);
  }
}
