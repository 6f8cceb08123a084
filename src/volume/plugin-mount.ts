import { EngineError, errorKind, errorMessage, internal } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { NoAnswer } from "../plugin/client.ts";
import type { VolumeDeps } from "./deps.ts";
import type { PluginVolumes, VolumeDriver } from "./driver/driver.ts";
import { detachIfDead, probe } from "./driver/probe.ts";
import {
  deleteMount,
  insertMount,
  isLeft,
  type MountRecord,
  mountsOf,
  updateMountPath,
  updateMountToLeft,
  type VolumeRecord,
  volumeByName,
} from "./table.ts";

/** A driver that is a program of its own. */
export type PluginDriver = VolumeDriver & { plugin: PluginVolumes };

export const isPluginDriver = (driver: VolumeDriver): driver is PluginDriver => driver.plugin !== null;

/**
 * Has a plugin mount a volume for `user`, under an id that is noted before, and returns the host path. What earlier
 * uses have left behind goes first: ids that the plugin was not told of, and what it mounted before it died. The caller
 * holds the volume's lock.
 */
export async function mountFromPlugin(
  deps: VolumeDeps,
  volume: VolumeRecord,
  driver: PluginDriver,
  user: string,
): Promise<string> {
  const { name, options } = volume;
  let mountpoint = "";
  try {
    const held = mountsOf(deps.store, name).find(({ containerId }) => containerId === user);
    if (held?.path && (await probe(held.path)) === "there") return held.path;
    if (held) updateMountToLeft(deps.store, held);
    for (const mount of mountsOf(deps.store, name)) {
      if (!isLeft(mount)) await detachIfDead(mount.path);
      else await settle(deps, volume, driver, mount).catch((error: unknown) => tellLeft(deps, name, error));
    }
    mountpoint = await requireKnown(deps, volume, driver);
    if (mountpoint) await detachIfDead(driver.plugin.hostPath(mountpoint));
    insertMount(deps.store, name, user, newId());
    const path = await driver.mount(name, options ?? {}, mountOf(deps, name, user).mountId);
    updateMountPath(deps.store, name, user, path);
    const found = await probe(path);
    if (found !== "there") throw new NotThere(`stat ${path}: ${found}`);
    return path;
  } catch (cause) {
    await takeBack(deps, volume, driver, user, cause);
    const text = `error while mounting volume '${mountpoint}': ${errorMessage(cause)}`;
    throw new EngineError(errorKind(cause), text, { cause });
  }
}

/** Mounted, but there is nothing to be seen. */
class NotThere extends Error {}

function mountOf(deps: VolumeDeps, name: string, user: string): MountRecord {
  const mount = mountsOf(deps.store, name).find(({ containerId }) => containerId === user);
  if (!mount) throw internal(`volume ${name} is not noted as mounted for ${user}`);
  return mount;
}

/** After a mount that failed: a plugin that refused has nothing mounted; what others have or may have goes. */
async function takeBack(
  deps: VolumeDeps,
  volume: VolumeRecord,
  driver: PluginDriver,
  user: string,
  cause: unknown,
): Promise<void> {
  const mount = mountsOf(deps.store, volume.name).find(({ containerId }) => containerId === user);
  if (!mount) return;
  if (cause instanceof NoAnswer) updateMountToLeft(deps.store, mount);
  else if (!(cause instanceof NotThere)) deleteMount(deps.store, volume.name, user);
  else await settle(deps, volume, driver, mount).catch((error: unknown) => tellLeft(deps, volume.name, error));
}

function tellLeft({ log }: VolumeDeps, volume: string, error: unknown): void {
  log.warn("cannot unmount volume", { volume, error: errorMessage(error) });
}

/** Makes a volume again that its plugin has forgotten, as it was made first. Returns its mount point, if it is told. */
async function requireKnown(deps: VolumeDeps, { name, options }: VolumeRecord, driver: PluginDriver): Promise<string> {
  const facts = await getFromPlugin(driver, name);
  if (facts) return facts.mountpoint;
  deps.log.warn("a volume plugin has forgotten a volume, which is made again", { volume: name, driver: driver.name });
  await driver.create(name, options ?? {});
  return "";
}

/** As {@link PluginVolumes.get}, with Docker's words where the plugin does not answer. */
export async function getFromPlugin(driver: PluginDriver, name: string) {
  try {
    return await driver.plugin.get(name);
  } catch (cause) {
    const text =
      `get ${name}: error while checking if volume "${name}" exists in driver "${driver.name}": ` +
      `${errorMessage(cause)}`;
    throw cause instanceof NoAnswer ? new NoAnswer("internal", text, { cause }) : internal(text, cause);
  }
}

/** The end of one use, whatever its driver. Where the plugin does not hear of it, that is noted for later. */
export async function settleMount(deps: VolumeDeps, volume: VolumeRecord, mount: MountRecord): Promise<void> {
  try {
    const driver = await deps.drivers.find(volume.driver);
    if (!isPluginDriver(driver)) throw internal(`the driver ${volume.driver} is no plugin`);
    await settle(deps, volume, driver, mount);
  } catch (cause) {
    if (mountsOf(deps.store, volume.name).some(({ containerId }) => containerId === mount.containerId))
      updateMountToLeft(deps.store, mount);
    throw new EngineError(errorKind(cause), `error unmounting volume ${volume.name}: ${errorMessage(cause)}`, {
      cause,
    });
  }
}

/** Tells the plugin, and forgets: the row stays only where there was no answer. */
async function settle(
  deps: VolumeDeps,
  { name, options }: VolumeRecord,
  driver: PluginDriver,
  { containerId, mountId, path }: MountRecord,
): Promise<void> {
  try {
    if (await driver.plugin.get(name)) await driver.unmount(name, options ?? {}, mountId, 0);
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
    deleteMount(deps.store, name, containerId);
    await detachIfDead(path);
    throw error;
  }
  deleteMount(deps.store, name, containerId);
  await detachIfDead(path);
}

/** Removes a volume from its plugin, which is told first of uses that it has not heard the end of. */
export async function removeFromPlugin(deps: VolumeDeps, volume: VolumeRecord, driver: PluginDriver): Promise<void> {
  const { name, options } = volume;
  for (const mount of mountsOf(deps.store, name).filter(isLeft)) {
    await settle(deps, volume, driver, mount).catch((error: unknown) => tellLeft(deps, name, error));
  }
  // One that it has forgotten needs no removing.
  if (await driver.plugin.get(name)) await driver.remove(name, options ?? {});
}

/** At boot, in the background: tells plugins of uses that ended without them, as soon as they are there. */
export async function settleLeft(deps: VolumeDeps, volumes: readonly VolumeRecord[]): Promise<void> {
  const byDriver = Map.groupBy(volumes, ({ driver }) => driver);
  await Promise.all(
    [...byDriver].map(async ([name, ofDriver]) => {
      try {
        await deps.drivers.find(name, "for its file");
      } catch (error) {
        deps.log.warn("a driver of volumes is not there", { driver: name, error: errorMessage(error) });
        return;
      }
      for (const volume of ofDriver) await settleVolume(deps, volume);
    }),
  );
}

async function settleVolume(deps: VolumeDeps, { name }: VolumeRecord): Promise<void> {
  using _ = await deps.locks.acquire(name);
  try {
    const volume = volumeByName(deps.store, name);
    if (!volume) return;
    for (const mount of mountsOf(deps.store, name).filter(isLeft)) await settleMount(deps, volume, mount);
  } catch (error) {
    tellLeft(deps, name, error);
  }
}
