import { decodeName } from "../../lib/tar/names.ts";
import { close, listDir, mknodAt, O, openAt, S, type Stat, statAt } from "../at.ts";
import { removeTreeAt } from "../remove.ts";
import { SystemError } from "../syscall.ts";
import { setXattrFd } from "../xattr.ts";

/**
 * Deletions in layers (OCI image specification, "Whiteouts"): `.wh.name` hides `name` of the layers below,
 * `.wh..wh..opq` all that they have in its directory. Overlayfs says the first with a character device 0/0 and the
 * second with an attribute of the directory.
 */
export const WHITEOUT_PREFIX = ".wh.";
/** The file in a layer that hides all that the layers below have in its directory. */
export const OPAQUE_NAME = ".wh..wh..opq";
/** Overlayfs's attribute for the same, on the directory itself, with the value `y`. */
export const OPAQUE_XATTR = "trusted.overlay.opaque";

const yes = Buffer.from("y");

/** Whether a file is overlayfs's mark for a deleted name: a character device 0/0. */
export function isOverlayWhiteout(stat: Stat): boolean {
  return (stat.mode & S.IFMT) === S.IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
}

/** Marks the open directory as hiding what is below it. */
export function setOpaque(dir: number): void {
  if (!setXattrFd(dir, OPAQUE_XATTR, yes)) throw new SystemError("fsetxattr", 95, OPAQUE_XATTR);
}

/** Puts overlayfs's whiteout for `name`. What the same layer has put there already stands, hiding what is below. */
export function hideOverlay(dir: number, name: string): void {
  try {
    mknodAt(dir, name, S.IFCHR, 0);
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== "EEXIST") throw error;
    const existing = statAt(dir, name);
    if (existing && (existing.mode & S.IFMT) === S.IFDIR) {
      const fd = openAt(dir, name, O.RDONLY | O.DIRECTORY);
      try {
        setOpaque(fd);
      } finally {
        close(fd);
      }
    }
  }
}

/** Deletes, from a whole tree, what is in the open directory but for what this archive has put there. */
export function clearBelow(dir: number, path: string, unpacked: ReadonlySet<string>): void {
  const own = openAt(dir, ".", O.RDONLY | O.DIRECTORY);
  try {
    for (const name of listDir(own, decodeName)) {
      const child = path === "" ? name : `${path}/${name}`;
      if (!unpacked.has(child)) removeTreeAt(dir, name);
    }
  } finally {
    close(own);
  }
}
