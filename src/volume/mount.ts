import { EngineError, errorKind, errorMessage } from "../lib/errors.ts";
import type { VolumeContext } from "./context.ts";
import { getVolume } from "./describe.ts";
import { volumeDriver } from "./driver/driver.ts";
import { finishRenames } from "./rename.ts";
import { allMounts, allVolumes, deleteMount, insertMount, mountCount, volumeByName } from "./table.ts";

/** Makes the volume's data present and returns its host path. Counted by container; idempotent for each. */
export async function mountVolume(ctx: VolumeContext, name: string, containerId: string): Promise<string> {
  using _ = await ctx.locks.acquire(name);
  const volume = getVolume(ctx, name);
  const driver = volumeDriver(ctx, volume.driver);
  insertMount(ctx.store, name, containerId);
  try {
    return await driver.mount(name, volume.options);
  } catch (cause) {
    deleteMount(ctx.store, name, containerId);
    throw new EngineError(errorKind(cause), `error while mounting volume '${driver.path(name)}': ${errorMessage(cause)}`, { cause });
  }
}

/** Gives up a container's mount; the last one out unmounts. Idempotent, also for a volume that is gone. */
export async function unmountVolume(ctx: VolumeContext, name: string, containerId: string): Promise<void> {
  using _ = await ctx.locks.acquire(name);
  const volume = volumeByName(ctx.store, name);
  if (!volume) return;
  deleteMount(ctx.store, name, containerId);
  if (mountCount(ctx.store, name) === 0) await volumeDriver(ctx, volume.driver).unmount(name, volume.options);
}

/** At boot: finishes renames, forgets the mounts of containers that do not live, and unmounts what then has no user. */
export async function reconcileVolumes(ctx: VolumeContext, liveContainerIds: ReadonlySet<string>): Promise<void> {
  await finishRenames(ctx);
  for (const { name, containerId } of allMounts(ctx.store)) {
    if (!liveContainerIds.has(containerId)) deleteMount(ctx.store, name, containerId);
  }
  for (const volume of allVolumes(ctx.store)) {
    if (mountCount(ctx.store, volume.name) > 0) continue;
    try {
      await volumeDriver(ctx, volume.driver).unmount(volume.name, volume.options);
    } catch (error) {
      ctx.log.warn("cannot unmount volume", { volume: volume.name, error: errorMessage(error) });
    }
  }
}
