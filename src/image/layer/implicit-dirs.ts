import { close, O, openDir, openInRoot, statAt } from "../../linux/at.ts";
import { check, libc, SystemError } from "../../linux/syscall.ts";

/**
 * Some tools leave out of a layer the directories that stand in layers below. Extraction had to make them, and a new
 * directory would hide the mode and owner of the old one (`/tmp` would lose its sticky bit): they are taken from there.
 * `lookupRoots`: the trees below, top first.
 */
export function fixImplicitDirs(root: string, paths: readonly string[], lookupRoots: readonly string[]): void {
  if (paths.length === 0 || lookupRoots.length === 0) return;
  const rootFd = openDir(root);
  const lowers: number[] = [];
  try {
    for (const lower of lookupRoots) lowers.push(openDir(lower));
    for (const path of paths) {
      const below = lowers
        .values()
        .map((lower) => statOf(lower, path))
        .find((stat) => stat !== undefined);
      if (!below) continue;
      const fd = openInRoot(rootFd, path, O.RDONLY | O.DIRECTORY);
      try {
        check(libc.fchown(fd, below.uid, below.gid), "chown", path);
        check(libc.fchmod(fd, below.mode & 0o7777), "chmod", path);
      } finally {
        close(fd);
      }
    }
  } finally {
    close(rootFd);
    lowers.forEach(close);
  }
}

function statOf(root: number, path: string) {
  let fd;
  try {
    fd = openInRoot(root, path, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
  try {
    return statAt(fd, "");
  } finally {
    close(fd);
  }
}
