import { decodeName } from "../../lib/tar/names.ts";
import { close, listDir, O, openAt, openDir, readlinkAt, S, type Stat, statAt } from "../at.ts";
import { getXattrFd } from "../xattr.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { isOverlayWhiteout, OPAQUE_XATTR } from "./whiteouts.ts";

/** The numbers of Docker's API. */
export const changeKinds = { modified: 0, added: 1, deleted: 2 } as const;
/** 0: modified, 1: added, 2: deleted; see {@link changeKinds}. */
export type ChangeKind = (typeof changeKinds)[keyof typeof changeKinds];

/**
 * `overlay`: `root` holds only what changed over the lower directories (top first); `compare`: whole trees. `made`:
 * paths that do not count where they were added and nothing is in them.
 */
export type ChangesRequest =
  | { kind: "overlay"; root: string; lowers: string[] }
  | { kind: "compare"; root: string; base: string | null; made?: readonly string[] };

/** One path that differs. */
export interface TreeChange {
  /** Absolute, as seen from inside. */
  path: string;
  kind: ChangeKind;
}

/** What a tree changes in those below it, sorted by path, parents marked as modified; `docker diff`'s list. */
export function treeChanges(request: ChangesRequest, stopped: Stopped): TreeChange[] {
  const changes: TreeChange[] = [];
  const root = openDir(request.root);
  try {
    if (request.kind === "compare") {
      const base = request.base === null ? undefined : openDir(request.base);
      try {
        compare(root, base, "", changes, { made: new Set(request.made), stopped });
      } finally {
        if (base !== undefined) close(base);
      }
    } else {
      const lowers = request.lowers.map(openDir);
      try {
        overlay(root, lowers, "", changes, stopped);
      } finally {
        lowers.forEach(close);
      }
    }
  } finally {
    close(root);
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function overlay(dir: number, lowers: readonly number[], path: string, changes: TreeChange[], stopped: Stopped): void {
  checkStopped(stopped);
  for (const name of listDir(dir, decodeName)) {
    const stat = statAt(dir, name);
    if (!stat) continue;
    const child = `${path}/${name}`;
    const below = findBelow(lowers, name);
    if (isOverlayWhiteout(stat)) {
      if (below) changes.push({ path: child, kind: changeKinds.deleted });
      continue;
    }
    const isDirectory = isDir(stat);
    if (!isDirectory) {
      changes.push({ path: child, kind: below ? changeKinds.modified : changeKinds.added });
      continue;
    }
    const fd = openAt(dir, name, O.RDONLY | O.DIRECTORY);
    const opened: number[] = [];
    try {
      const opaque = getXattrFd(fd, OPAQUE_XATTR) !== undefined;
      const merged = below !== undefined && isDir(below);
      if (merged && !opaque) opened.push(...openBelow(lowers, name));
      const before = changes.length;
      if (opaque && merged) hiddenBelow(fd, lowers, name, child, changes);
      overlay(fd, opened, child, changes, stopped);
      // A directory is copied up when something in it changes; alone it counts only where it differs itself.
      if (!below) changes.push({ path: child, kind: changeKinds.added });
      else if (!merged || changes.length > before || differs(stat, below))
        changes.push({ path: child, kind: changeKinds.modified });
    } finally {
      close(fd);
      opened.forEach(close);
    }
  }
}

/** An opaque directory deletes all that is below it and not in it again. */
function hiddenBelow(fd: number, lowers: readonly number[], name: string, path: string, changes: TreeChange[]): void {
  const own = openAt(fd, ".", O.RDONLY | O.DIRECTORY);
  const dirs = openBelow(lowers, name);
  try {
    const kept = new Set(listDir(own, decodeName));
    const gone = new Set<string>();
    for (const dir of dirs) for (const child of listDir(dir, decodeName)) if (!kept.has(child)) gone.add(child);
    for (const child of gone) {
      const stat = findBelow(dirs, child);
      if (stat) changes.push({ path: `${path}/${child}`, kind: changeKinds.deleted });
    }
  } finally {
    close(own);
    dirs.forEach(close);
  }
}

/** What `name` is in the layers below (top first), undefined where it is not or was deleted. */
function findBelow(lowers: readonly number[], name: string): Stat | undefined {
  for (const lower of lowers) {
    const stat = statAt(lower, name);
    if (stat) return isOverlayWhiteout(stat) ? undefined : stat;
  }
  return undefined;
}

/** The directories that merge into one below, top first: up to the first that hides the rest. */
function openBelow(lowers: readonly number[], name: string): number[] {
  const opened: number[] = [];
  for (const lower of lowers) {
    const stat = statAt(lower, name);
    if (!stat) continue;
    if (!isDir(stat)) break;
    const fd = openAt(lower, name, O.RDONLY | O.DIRECTORY);
    opened.push(fd);
    if (getXattrFd(fd, OPAQUE_XATTR) !== undefined) break;
  }
  return opened;
}

function compare(
  dir: number,
  base: number | undefined,
  path: string,
  changes: TreeChange[],
  how: { made: ReadonlySet<string>; stopped: Stopped },
): void {
  checkStopped(how.stopped);
  const names = new Set(listDir(dir, decodeName));
  const again = base === undefined ? undefined : openAt(base, ".", O.RDONLY | O.DIRECTORY);
  const old = again === undefined ? [] : listDir(again, decodeName);
  if (again !== undefined) close(again);
  for (const name of old) if (!names.has(name)) changes.push({ path: `${path}/${name}`, kind: changeKinds.deleted });
  for (const name of names) {
    const stat = statAt(dir, name);
    if (!stat) continue;
    const child = `${path}/${name}`;
    const before = base === undefined ? undefined : statAt(base, name);
    if (!isDir(stat)) {
      const isEmpty = stat.size === 0 || (stat.mode & S.IFMT) === S.IFLNK;
      if (!before) {
        if (!isEmpty || !how.made.has(child)) changes.push({ path: child, kind: changeKinds.added });
      } else if (differs(stat, before) || contentDiffers(dir, base, name, stat))
        changes.push({ path: child, kind: changeKinds.modified });
      continue;
    }
    const merged = before !== undefined && isDir(before);
    const count = changes.length;
    const fd = openAt(dir, name, O.RDONLY | O.DIRECTORY);
    const below = merged && base !== undefined ? openAt(base, name, O.RDONLY | O.DIRECTORY) : undefined;
    try {
      compare(fd, below, child, changes, how);
    } finally {
      close(fd);
      if (below !== undefined) close(below);
    }
    if (!before) {
      if (changes.length > count || !how.made.has(child)) changes.push({ path: child, kind: changeKinds.added });
    } else if (!merged || changes.length > count || differs(stat, before))
      changes.push({ path: child, kind: changeKinds.modified });
  }
}

/** By what stat tells. A directory's time changes with its children and says nothing of itself. */
function differs(a: Stat, b: Stat): boolean {
  if (
    a.mode !== b.mode ||
    a.uid !== b.uid ||
    a.gid !== b.gid ||
    a.rdevMajor !== b.rdevMajor ||
    a.rdevMinor !== b.rdevMinor
  )
    return true;
  return !isDir(a) && (a.size !== b.size || a.mtime !== b.mtime || a.mtimeNanos !== b.mtimeNanos);
}

/** Links keep their time through a copy only where both ends agree; compare what they say. */
function contentDiffers(dir: number, base: number | undefined, name: string, stat: Stat): boolean {
  if (base === undefined) return true;
  if ((stat.mode & S.IFMT) === S.IFLNK) return !readlinkAt(dir, name).equals(readlinkAt(base, name));
  return false;
}

function isDir(stat: Stat): boolean {
  return (stat.mode & S.IFMT) === S.IFDIR;
}
