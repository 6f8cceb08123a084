import { lstatSync, mkdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { hasCode } from "../../lib/errors.ts";

/**
 * What every container mounts upon: Docker's list, directories first. `/.dockerenv` is what programs look for to learn
 * that they are in a container.
 */
const mountPoints: readonly { path: string; make: (path: string) => void }[] = [
  ...["/dev", "/dev/pts", "/dev/shm", "/etc", "/proc", "/sys"].map((path) => ({ path, make: makeDirectory })),
  ...["/.dockerenv", "/dev/console", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"].map((path) => ({
    path,
    make: (where: string) => writeFileSync(where, "", { mode: 0o755, flag: "wx" }),
  })),
  { path: "/etc/mtab", make: (where) => symlinkSync("/proc/mounts", where) },
];

function makeDirectory(path: string): void {
  mkdirSync(path, { mode: 0o755 });
}

/** Those that a tree lacks, as paths in it. */
export function lackingMountPoints(tree: string): string[] {
  return mountPoints.filter(({ path }) => !isThere(join(tree, path))).map(({ path }) => path);
}

/** Makes these where they are missing. Nothing is made below a link. */
export function makeMountPoints(tree: string, paths: readonly string[]): void {
  for (const { path, make } of mountPoints) {
    const where = join(tree, path);
    if (paths.includes(path) && !isThere(where) && isDirectory(dirname(where))) make(where);
  }
}

/** Takes them out again, but for those that somebody has written to. */
export function removeMountPoints(tree: string, paths: readonly string[]): void {
  for (const { path } of mountPoints.toReversed()) {
    const where = join(tree, path);
    if (!paths.includes(path) || !isDirectory(dirname(where))) continue;
    const stat = lstatSync(where, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() || (stat?.isFile() && stat.size === 0)) rmSync(where);
    else if (stat?.isDirectory()) removeIfEmpty(where);
  }
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY")) throw error;
  }
}

const isDirectory = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
