import { lstatSync } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { decodeName } from "../../lib/tar/names.ts";
import { close, listDir, O, openAt, openDir, S, type Stat, statAt } from "../at.ts";
import { type ChangesRequest, changeKinds, treeChanges } from "./changes.ts";
import { checkStopped, type Stopped } from "./stop.ts";

/**
 * Bytes of the files in a tree as they read, each inode once, directories not counted (Docker's measure); of files with
 * holes what is not hole.
 */
export function treeUsage(path: string, stopped: Stopped): { bytes: number; inodes: number } {
  const total = { bytes: 0, inodes: 0 };
  const seen = new Set<string>();
  const walk = (fd: number): void => {
    checkStopped(stopped);
    for (const name of listDir(fd, decodeName)) {
      const stat = statAt(fd, name);
      if (!stat) continue;
      total.inodes++;
      if ((stat.mode & S.IFMT) !== S.IFDIR) {
        const key = stat.nlink > 1 ? `${stat.dev} ${stat.ino}` : "";
        if (key && seen.has(key)) continue;
        if (key) seen.add(key);
        total.bytes += Math.min(stat.size, stat.blocks * 512);
        continue;
      }
      const child = openAt(fd, name, O.RDONLY | O.DIRECTORY);
      try {
        walk(child);
      } finally {
        close(child);
      }
    }
  };
  const root = openDir(path);
  try {
    walk(root);
  } finally {
    close(root);
  }
  return total;
}

/** The same of what one tree adds to others. */
export function changedBytes(request: ChangesRequest, stopped: Stopped): number {
  const seen = new Set<string>();
  let bytes = 0;
  for (const { path, kind } of treeChanges(request, stopped)) {
    if (kind === changeKinds.deleted) continue;
    const stat = lstatSync(request.root + path, { throwIfNoEntry: false });
    if (!stat || stat.isDirectory()) continue;
    const key = `${stat.dev} ${stat.ino}`;
    if (stat.nlink > 1 && seen.has(key)) continue;
    seen.add(key);
    bytes += Math.min(stat.size, stat.blocks * 512);
  }
  return bytes;
}

/** What is told apart where blocks are counted: things whose path from the top fits the pattern, and all below them. */
export interface BlockGroup {
  name: string;
  /** A regular expression, tried on paths of at most {@link deepest} parts. */
  pattern: string;
}

const deepest = 3;

/**
 * Bytes of the blocks that a tree takes, as `du -x` counts: each inode once, directories too, other filesystems not. By
 * the names of groups, of which the last that fits counts; what fits none is under the empty name.
 */
export function treeBlocks(path: string, groups: readonly BlockGroup[], stopped: Stopped): Record<string, number> {
  const rules = groups.map(({ name, pattern }) => ({ name, pattern: new RegExp(pattern) }));
  const totals: Record<string, number> = { "": 0, ...Object.fromEntries(groups.map(({ name }) => [name, 0])) };
  const seen = new Set<bigint>();
  const root = openDir(path);
  const top = statAt(root, "");
  const count = (stat: Stat, group: string): void => {
    if (stat.nlink > 1 && (stat.mode & S.IFMT) !== S.IFDIR) {
      if (seen.has(stat.ino)) return;
      seen.add(stat.ino);
    }
    totals[group] = (totals[group] ?? 0) + stat.blocks * 512;
  };
  const walk = (fd: number, at: string, depth: number, inherited: string): void => {
    checkStopped(stopped);
    for (const name of listDir(fd, decodeName)) {
      const stat = statAt(fd, name);
      if (!stat || stat.dev !== top?.dev) continue;
      const here = at === "" ? name : `${at}/${name}`;
      const rule = depth < deepest ? rules.findLast(({ pattern }) => pattern.test(here)) : undefined;
      const group = rule?.name ?? inherited;
      count(stat, group);
      if ((stat.mode & S.IFMT) === S.IFDIR) descend(fd, name, here, depth + 1, group);
    }
  };
  const descend = (fd: number, name: string, at: string, depth: number, group: string): void => {
    let child;
    try {
      child = openAt(fd, name, O.RDONLY | O.DIRECTORY);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      throw error;
    }
    try {
      walk(child, at, depth, group);
    } finally {
      close(child);
    }
  };
  try {
    if (top) count(top, "");
    walk(root, "", 0, "");
  } finally {
    close(root);
  }
  return totals;
}
