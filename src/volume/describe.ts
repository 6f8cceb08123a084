import type { Volume } from "../api/types/volume.ts";
import { notFound } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import { volumeDriver } from "./driver/driver.ts";
import { type VolumeRecord, volumeByName } from "./table.ts";

/** The volume of that name. Throws `not-found` with Docker's text, `get x: no such volume`. */
export function getVolume(deps: VolumeDeps, name: string): VolumeRecord {
  const volume = volumeByName(deps.store, name);
  if (!volume) throw notFound(`get ${name}: no such volume`);
  return volume;
}

/** A volume as the API shows it, without `UsageData`. */
export async function describeVolume(deps: VolumeDeps, volume: VolumeRecord): Promise<Volume> {
  const driver = volumeDriver(deps, volume.driver);
  return {
    CreatedAt: volume.created,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: await driver.path(volume.name),
    Name: volume.name,
    Options: volume.options,
    Scope: driver.scope,
  };
}
