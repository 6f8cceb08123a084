import { readdir } from "node:fs/promises";
import { errorMessage, hasCode, internal } from "../../lib/errors.ts";
import { close, O, openDir, openInRoot } from "../../linux/at.ts";
import { mountRootfs } from "../../image/rootfs.ts";
import { mountVolume, unmountVolume } from "../../volume/mount.ts";
import type { ContainerContext } from "../context.ts";
import type { MountPointRecord } from "../record.ts";

/**
 * Fills the empty volumes of a new container with what its image has at their destinations: contents with owners,
 * modes and attributes, and those of the directory itself.
 */
export async function populateVolumes(ctx: ContainerContext, id: string, points: MountPointRecord[]): Promise<void> {
  const volumes = points.filter((point) => point.type === "volume" && (point.copy || point.fromImage));
  if (volumes.length === 0) return;
  // It stays mounted: a start is what comes next, as a rule.
  const rootfs = await mountRootfs(ctx.images, id);
  for (const point of volumes) await populate(ctx, id, rootfs, point);
}

async function populate(ctx: ContainerContext, id: string, rootfs: string, point: MountPointRecord): Promise<void> {
  using source = openDirectory(rootfs, point);
  if (!source || !point.copy || !point.name) return;
  const target = await mountVolume(ctx.volumes, point.name, id);
  try {
    if ((await readdir(target)).length > 0) return;
    // The image's directory is named by descriptor: no link in the image can lead elsewhere.
    await ctx.images.archiver.copy(source.path, target);
  } catch (cause) {
    throw internal(`failed to populate volume: ${errorMessage(cause)}`, cause);
  } finally {
    await unmountVolume(ctx.volumes, point.name, id);
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
    if (point.fromImage) throw internal(`cannot mount volume over existing file, file exists ${rootfs}${point.destination}`);
    return null;
  } finally {
    close(root);
  }
}
