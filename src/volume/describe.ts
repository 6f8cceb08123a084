import type { Volume } from "../api/types/volume.ts";
import { notFound } from "../lib/errors.ts";
import type { VolumeDeps } from "./deps.ts";
import type { VolumeFacts } from "./driver/driver.ts";
import { type VolumeRecord, volumeByName } from "./table.ts";

/** The volume of that name. Throws `not-found` with Docker's text, `get x: no such volume`. */
export function getVolume(deps: VolumeDeps, name: string): VolumeRecord {
  const volume = volumeByName(deps.store, name);
  if (!volume) throw noSuchVolume(name);
  return volume;
}

/** Docker's `get x: no such volume`. */
export const noSuchVolume = (name: string) => notFound(`get ${name}: no such volume`);

/**
 * A volume as the API shows it, without `UsageData`. `facts`: what its plugin says of it; null or absent: nothing, as
 * where it has no plugin.
 */
export async function describeVolume(
  deps: VolumeDeps,
  volume: VolumeRecord,
  facts: VolumeFacts | null = null,
): Promise<Volume> {
  const builtin = deps.drivers.builtin.get(volume.driver);
  return {
    CreatedAt: facts?.created || volume.created,
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: builtin ? await builtin.path(volume.name) : (facts?.mountpoint ?? ""),
    Name: volume.name,
    Options: volume.options,
    Scope: builtin?.scope ?? deps.drivers.knownScope(volume.driver),
    ...(facts?.status && { Status: facts.status }),
  };
}
