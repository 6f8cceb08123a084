import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { errorMessage, hasCode, internal, isNotFound } from "../../lib/errors.ts";
import { close, O, openDir, openInRoot } from "../../linux/at.ts";
import type { ContainerDeps } from "../deps.ts";
import { openRootfs } from "../files/rootfs-use.ts";
import type { ContainerRecord, MountPointRecord } from "../record.ts";
import { asSeen, openSubpath } from "./pin.ts";

/**
 * Fills the empty volumes of a new container with what its image has at their destinations: contents with owners,
 * modes and attributes, and those of the directory itself.
 */
export async function populateVolumes(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  const volumes = c.spec.mounts.filter((point) => point.type === "volume" && (point.copy || point.fromImage));
  if (volumes.length === 0) return;
  // It stays mounted: a start is what comes next, as a rule.
  const rootfs = await openRootfs(deps, c);
  for (const point of volumes) await populate(deps, c, rootfs, point);
}

async function populate(
  deps: ContainerDeps,
  c: ContainerRecord,
  rootfs: string,
  point: MountPointRecord,
): Promise<void> {
  using source = openDirectory(rootfs, point);
  if (!source || !point.copy || !point.name) return;
  const mounted = await deps.volumes.mount(point.name, c.id);
  try {
    using volume = await asSeen(deps, c, mounted);
    const target = volume.path;
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
    await deps.volumes.unmount(point.name, c.id);
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
