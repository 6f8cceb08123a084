import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { errorMessage, hasCode, internal, isNotFound } from "../../lib/errors.ts";
import { close, O, openDir, openInRoot } from "../../linux/at.ts";
import type { ContainerDeps } from "../deps.ts";
import type { MountPointRecord } from "../record.ts";
import { openSubpath } from "./pin.ts";

/**
 * Fills the empty volumes of a new container with what its image has at their destinations: contents with owners,
 * modes and attributes, and those of the directory itself.
 */
export async function populateVolumes(deps: ContainerDeps, id: string, points: MountPointRecord[]): Promise<void> {
  const volumes = points.filter((point) => point.type === "volume" && (point.copy || point.fromImage));
  if (volumes.length === 0) return;
  // It stays mounted: a start is what comes next, as a rule.
  const rootfs = await deps.rootfs.mount(id);
  for (const point of volumes) await populate(deps, id, rootfs, point);
}

async function populate(deps: ContainerDeps, id: string, rootfs: string, point: MountPointRecord): Promise<void> {
  using source = openDirectory(rootfs, point);
  if (!source || !point.copy || !point.name) return;
  const target = await deps.volumes.mount(point.name, id);
  try {
    using part = point.subpath ? openSubpath(target, point.subpath) : null;
    const place = part?.path ?? target;
    if (part && !statSync(place).isDirectory()) return;
    if ((await readdir(place)).length > 0) return;
    // Directories are named by descriptor: no link in the image, or in the volume, can lead elsewhere.
    await deps.images.archiver.copy(source.path, place);
  } catch (cause) {
    if (isNotFound(cause)) throw internal(errorMessage(cause), cause);
    throw internal(`failed to populate volume: ${errorMessage(cause)}`, cause);
  } finally {
    await deps.volumes.unmount(point.name, id);
  }
}

/** The image's directory at the destination; null where there is none to copy from. */
function openDirectory(rootfs: string, point: MountPointRecord): (Disposable & { path: string }) | null {
  const root = openDir(rootfs);
  try {
    const fd = openInRoot(root, point.destination, O.PATH | O.DIRECTORY);
    return { path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => close(fd) };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    if (!hasCode(error, "ENOTDIR")) throw error;
    if (point.fromImage)
      throw internal(`cannot mount volume over existing file, file exists ${rootfs}${point.destination}`);
    return null;
  } finally {
    close(root);
  }
}
