import { readlinkSync } from "node:fs";
import { normalize } from "node:path/posix";
import { hasCode } from "../../lib/errors.ts";
import { close, O, openDir, openInRoot, readlinkAt, S, type Stat, statAt } from "../../linux/at.ts";
import { maxLinks, walkLinks } from "../../linux/walk-links.ts";

/** Paths inside a container's root, which is never left, whatever links its files hold. */

/** `mode` is a number of Go's os.FileMode; `mtime` RFC 3339. */
export interface PathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

/**
 * lstat, as `docker cp` asks for it: a trailing slash or dot follows a link at the end. undefined where there is
 * nothing.
 */
export function statInRoot(root: string, path: string): { stat: Stat; linkTarget: string } | undefined {
  const base = openDir(root);
  try {
    const follow = /(^|\/)\.?$/.test(path);
    const fd = openInRoot(base, clean(path), O.PATH | (follow ? O.DIRECTORY : O.NOFOLLOW));
    try {
      const stat = statAt(fd, "");
      if (!stat) return undefined;
      return { stat, linkTarget: (stat.mode & S.IFMT) === S.IFLNK ? resolveLink(base, clean(path)) : "" };
    } finally {
      close(fd);
    }
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  } finally {
    close(base);
  }
}

/** The path with every link followed, without leading slash. Throws a system error where it leads nowhere. */
export function realPathInRoot(root: string, path: string): string {
  const base = openDir(root);
  try {
    const fd = openInRoot(base, clean(path), O.PATH);
    try {
      const real = readlinkSync(`/proc/self/fd/${fd}`);
      const top = readlinkSync(`/proc/self/fd/${base}`);
      return real === top ? "" : real.slice(top.length + 1);
    } finally {
      close(fd);
    }
  } finally {
    close(base);
  }
}

/** Where a link leads, as far as its parts exist; links in a circle are followed for a while, then left as they are. */
function resolveLink(base: number, path: string): string {
  return walkLinks(path, (parent, name, _last, followed) => (followed < maxLinks ? linkAt(base, parent, name) : null));
}

/** null where it is no link. */
function linkAt(base: number, parent: string, name: string): string | null {
  try {
    const dir = openInRoot(base, parent, O.PATH | O.DIRECTORY);
    try {
      return readlinkAt(dir, name).toString();
    } finally {
      close(dir);
    }
  } catch (error) {
    if (hasCode(error, "EINVAL", "ENOENT", "ENOTDIR")) return null;
    throw error;
  }
}

function clean(path: string): string {
  return normalize(`/${path}`).replace(/\/$/, "").slice(1);
}

/** The name of what a path leads to, its `..` resolved: `/` for the root, `.` where the path ends in a dot. */
export function baseName(path: string): string {
  if (/(^|\/)\.\/*$/.test(path)) return ".";
  const clean = normalize(`/${path}`).replace(/\/$/, "");
  return clean === "" ? "/" : clean.slice(clean.lastIndexOf("/") + 1);
}

const goTypes: Record<number, number> = {
  [S.IFDIR]: 2 ** 31,
  [S.IFLNK]: 2 ** 27,
  [S.IFIFO]: 2 ** 25,
  [S.IFSOCK]: 2 ** 24,
  [S.IFBLK]: 2 ** 26,
  [S.IFCHR]: 2 ** 26 + 2 ** 21,
  [S.IFREG]: 0,
};

/** st_mode as Go's os.FileMode has it. */
export function goFileMode(mode: number): number {
  const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (goTypes[mode & S.IFMT] ?? 0) + special + (mode & 0o777);
}
