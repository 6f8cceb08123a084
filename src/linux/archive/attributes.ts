import { type TarEntry, TarError } from "../../lib/tar/entry.ts";
import { chmodAt, chownAt, utimeAt, utimeFd } from "../at.ts";
import { type IdMaps, idsOutside } from "../id-maps.ts";
import { check, libc, SystemError } from "../syscall.ts";
import { setXattr, setXattrFd } from "../xattr.ts";

/** Numbers as the host sees them. */
export interface Owner {
  uid: number;
  gid: number;
}

/** How an entry is applied. */
export interface ApplyOptions {
  /** undefined: the entry's. */
  owner?: Owner | undefined;
  /** Owners are inside of this user namespace. */
  ids?: IdMaps | undefined;
  /** Times are set too. */
  times: boolean;
  /** Overlayfs's own attributes are taken. */
  overlay?: boolean | undefined;
}

/** The kernel takes all ones for "leave as it is". */
const MAX_ID = 0xffff_fffe;

/**
 * Sets owner, mode, attributes and (`times`) times of an open file or directory, in the order that keeps set-uid bits
 * and capabilities.
 */
export function applyToFd(fd: number, entry: TarEntry, { owner, ids, times, overlay }: ApplyOptions): void {
  const { uid, gid } = checkedOwner(entry, owner, ids);
  check(libc.fchown(fd, uid, gid), "chown", entry.name);
  check(libc.fchmod(fd, entry.mode), "chmod", entry.name);
  if (entry.xattrs) applyXattrs(entry, overlay, (key, value) => setXattrFd(fd, key, value));
  if (times) utimeFd(fd, entry.mtime, entry.mtimeNanos);
}

/** The same for what cannot be opened: links, devices, pipes. `name` was just made by the caller. */
export function applyAt(
  dir: number,
  name: string,
  entry: TarEntry,
  { owner, ids, overlay }: Omit<ApplyOptions, "times">,
): void {
  const { uid, gid } = checkedOwner(entry, owner, ids);
  chownAt(dir, name, uid, gid);
  if (entry.type !== "symlink") chmodAt(dir, name, entry.mode);
  if (entry.xattrs) applyXattrs(entry, overlay, (key, value) => setXattr(`/proc/self/fd/${dir}/${name}`, key, value));
  utimeAt(dir, name, entry.mtime, entry.mtimeNanos);
}

function checkedOwner(entry: TarEntry, owner: Owner | undefined, ids: IdMaps | undefined): Owner {
  const inside = owner ?? entry;
  const outside = ids ? idsOutside(ids, inside) : inside;
  if (!outside)
    throw new TarError(
      `owner ${inside.uid}:${inside.gid} of ${JSON.stringify(entry.name)} cannot be mapped to the host`,
    );
  const { uid, gid } = outside;
  if (uid < 0 || gid < 0 || uid > MAX_ID || gid > MAX_ID)
    throw new TarError(`invalid owner in archive: ${JSON.stringify(entry.name)}`);
  return { uid, gid };
}

/**
 * Overlayfs's own attributes from an archive would let it redirect into other layers: never taken. What the filesystem
 * or the kind of file does not carry is left out, as Docker does.
 */
function applyXattrs(
  entry: TarEntry,
  overlay: boolean | undefined,
  set: (key: string, value: Uint8Array) => boolean,
): void {
  for (const [key, value] of entry.xattrs ?? []) {
    if (!overlay && (key.startsWith("trusted.overlay.") || key.startsWith("user.overlay."))) continue;
    try {
      set(key, value);
    } catch (error) {
      const optional =
        error instanceof SystemError &&
        error.code === "EPERM" &&
        (key.startsWith("user.") || key.startsWith("trusted."));
      if (!optional) throw error;
    }
  }
}
