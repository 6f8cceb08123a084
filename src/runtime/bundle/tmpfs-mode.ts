import { fstatSync } from "node:fs";
import { close, O, openDir, openInRoot } from "../../linux/at.ts";
import type { Mount } from "../../linux/mount.ts";
import { SystemError } from "../../linux/syscall.ts";

/**
 * Gives each tmpfs the mode of the directory that it covers, as runc does; under crun all would be open to everybody. A
 * mode that was asked for stays, and so does the kernel's own where the image has no such directory.
 */
export function withTmpfsModes(rootfs: string, mounts: readonly Mount[]): Mount[] {
  return mounts.map((mount) => {
    if (mount.type !== "tmpfs" || mount.options.some((option) => option.startsWith("mode="))) return mount;
    const mode = modeOf(rootfs, mount.destination);
    return mode === null
      ? mount
      : { ...mount, options: [...mount.options, `mode=${mode.toString(8).padStart(4, "0")}`] };
  });
}

function modeOf(rootfs: string, path: string): number | null {
  const root = openDir(rootfs);
  try {
    const fd = openInRoot(root, path.replace(/^\/+/, ""), O.PATH | O.DIRECTORY);
    try {
      return fstatSync(fd).mode & 0o7777;
    } finally {
      close(fd);
    }
  } catch (error) {
    if (error instanceof SystemError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
    throw error;
  } finally {
    close(root);
  }
}
