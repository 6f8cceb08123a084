import { conflict, forbidden } from "../lib/errors.ts";
import { rfc3339Seconds } from "../lib/rfc3339.ts";
import { anonymousLabel } from "./create.ts";
import type { VolumeDeps } from "./deps.ts";
import type { VolumeDriver } from "./driver/driver.ts";
import {
  deleteVolume,
  insertMovingVolume,
  insertVolume,
  updateVolumeName,
  type VolumeRecord,
  volumeByName,
} from "./table.ts";

/** Where the data of a volume comes from that is not made empty. */
export type VolumeData =
  /** Written by whoever is given the directory. */
  | {
      kind: "filled";
      fill: (directory: string) => Promise<void>;
      /** What it is a copy of, for the event. */
      from?: string;
    }
  /** A directory that becomes the volume's: its engine has it no more. */
  | { kind: "moved"; directory: string }
  /** None: what is mounted is elsewhere. */
  | { kind: "none" };

/**
 * Makes a volume with its data, a copy as a rule. Nobody sees it before it is whole, and a crash leaves it
 * whole or not at all. Of a plugin's only the record is made: the plugin has it. Throws `conflict` where the name is
 * taken.
 */
export async function takeVolume(
  deps: VolumeDeps,
  taken: Omit<VolumeRecord, "anonymous" | "created"> & { created?: string },
  source: VolumeData,
): Promise<void> {
  const { name, options, labels } = taken;
  using _ = await deps.locks.acquire(name);
  if (volumeByName(deps.store, name)) throw conflict(`a volume with the name ${name} exists already`);
  const driver = await deps.drivers.find(taken.driver);
  await driver.validate(name, options ?? {});
  if (source.kind !== "none" && !driver.prunable(options ?? {}))
    throw forbidden(`the data of volume ${name} is not on this machine`);
  const volume: VolumeRecord = {
    created: rfc3339Seconds(new Date()),
    ...taken,
    anonymous: labels !== null && Object.hasOwn(labels, anonymousLabel),
  };
  if (driver.plugin) insertVolume(deps.store, volume);
  else await takeData(deps, volume, driver, source);
  const from = source.kind === "filled" && source.from !== undefined ? { from: source.from } : {};
  deps.events.publish("volume", "create", { ID: name, Attributes: { driver: volume.driver, ...from } });
}

async function takeData(
  deps: VolumeDeps,
  volume: VolumeRecord,
  driver: VolumeDriver,
  source: VolumeData,
): Promise<void> {
  const staged =
    source.kind === "moved"
      ? await driver.adopt(volume.name, source.directory)
      : await driver.receive(source.kind === "filled" ? source.fill : async () => {}, volume.options ?? {});
  try {
    insertMovingVolume(deps.store, volume, staged);
    await driver.rename(staged, volume.name);
    updateVolumeName(deps.store, staged, volume.name);
  } catch (error) {
    deleteVolume(deps.store, staged);
    // What was moved is nowhere else: the next attempt takes it up.
    if (source.kind !== "moved") await driver.remove(staged, {});
    throw error;
  }
}

/** Whether there is a volume of that name. */
export function hasVolume(deps: VolumeDeps, name: string): boolean {
  return volumeByName(deps.store, name) !== null;
}
