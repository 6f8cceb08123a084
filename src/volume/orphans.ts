import { unmount } from "../linux/mount.ts";
import { readMounts } from "../linux/mountinfo.ts";
import { adoptVolumes, unknownVolumes } from "./adopt.ts";
import type { VolumeDeps } from "./deps.ts";
import { mountCount } from "./table.ts";

/** What lies among the local volumes, below `root`, and nobody tells of. */
export interface VolumeOrphans {
  /** Names of folders with data that are no volumes. */
  folders: string[];
  /** Names of volumes that are mounted for nobody. */
  mounts: string[];
}

/** Looks for {@link VolumeOrphans}. */
export function findVolumeOrphans(deps: VolumeDeps, root: string): VolumeOrphans {
  const mounted = readMounts().flatMap(({ target }) =>
    target.startsWith(`${root}/`) && target.endsWith("/_data") ? [target.slice(root.length + 1, -"/_data".length)] : [],
  );
  return {
    folders: unknownVolumes(deps.store, root),
    mounts: mounted.filter((name) => !name.startsWith(".") && mountCount(deps.store, name) === 0),
  };
}

/** A folder with data that is no volume becomes one: who knows what is in it. */
export async function adoptFolder(deps: VolumeDeps, root: string, name: string): Promise<void> {
  // Whoever makes, renames or removes it holds this.
  using _ = await deps.locks.acquire(name);
  adoptVolumes(
    deps.store,
    root,
    unknownVolumes(deps.store, root).filter((other) => other === name),
  );
}

/** Unmounts a volume that nobody has. */
export async function unmountOrphan(deps: VolumeDeps, root: string, name: string): Promise<void> {
  using _ = await deps.locks.acquire(name);
  if (mountCount(deps.store, name) === 0) unmount(`${root}/${name}/_data`, { detach: true });
}
