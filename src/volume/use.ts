import { newId, shortId } from "../lib/ids.ts";
import type { VolumeDeps } from "./deps.ts";
import { getVolume } from "./describe.ts";
import { mountVolume, unmountVolume } from "./mount.ts";
import { copyPrefix, referrers, type VolumeRecord } from "./table.ts";

/** A volume's data at a path of the host, until it is disposed of. */
export interface UsedVolume extends AsyncDisposable {
  volume: VolumeRecord;
  path: string;
}

/**
 * Has the data of a volume there for somebody who is no container. Meanwhile it can be neither removed nor renamed.
 * Throws `not-found`.
 */
export async function useVolume(deps: VolumeDeps, name: string): Promise<UsedVolume> {
  const volume = getVolume(deps, name);
  const user = `${copyPrefix}${shortId(newId())}`;
  const path = await mountVolume(deps, name, user);
  return { volume, path, [Symbol.asyncDispose]: () => unmountVolume(deps, name, user) };
}

/** Ids of the containers that have the volume, running or not. */
export function volumeUsers(deps: VolumeDeps, name: string): string[] {
  return referrers(deps.store, name);
}
