import { statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { namesIn } from "../../lib/names-in.ts";

/**
 * A log on disk:
 *
 *   container.log         the live file; the monitor has it open and writes to it
 *   container.log.7.live  a second name of the live file, with the number it will be put aside under. When the monitor
 *                         itself replaces the live file (its bound is reached while no daemon looks), this still names
 *                         the old one, which otherwise were lost
 *   container.log.6       put aside; the higher the number, the newer
 *   container.log.5.gz    the same, compressed
 */
export interface LogFile {
  path: string;
  /** Its place in time; the live file's is above all others. */
  sequence: number;
  compressed: boolean;
}

/** Name of a log file put aside, uncompressed. `path` is the live file's. */
export const rotatedName = (path: string, sequence: number) => `${path}.${sequence}`;
/** Name of the link that keeps hold of the live file; see {@link LogFile}. `path` is the live file's. */
export const liveName = (path: string, sequence: number) => `${path}.${sequence}.live`;

/** Files put aside, oldest first. Of a file and its compressed copy (a crash in between) the plain one counts. */
export function rotatedFiles(path: string): LogFile[] {
  const found = new Map<number, LogFile>();
  for (const { name, sequence, suffix } of numbered(path)) {
    if (suffix === ".live" || (suffix === ".gz" && found.has(sequence))) continue;
    found.set(sequence, { path: join(dirname(path), name), sequence, compressed: suffix === ".gz" });
  }
  return [...found.values()].sort((a, b) => a.sequence - b.sequence);
}

/** The second name of the live file, or of the one that was live before; null where there is none. */
export function liveLink(path: string): LogFile | null {
  const found = numbered(path)
    .filter(({ suffix }) => suffix === ".live")
    .sort((a, b) => b.sequence - a.sequence)[0];
  return found ? { path: join(dirname(path), found.name), sequence: found.sequence, compressed: false } : null;
}

/** All files of a log, oldest first: those put aside, one that the monitor has replaced, the live one. */
export function logFiles(path: string): LogFile[] {
  const files = rotatedFiles(path);
  const link = liveLink(path);
  const live = inode(path);
  let next = (files.at(-1)?.sequence ?? 0) + 1;
  if (link !== null && link.sequence >= next) {
    next = link.sequence;
    if (inode(link.path) !== live) {
      files.push(link);
      next++;
    }
  }
  if (live !== null) files.push({ path, sequence: next, compressed: false });
  return files;
}

function numbered(path: string): { name: string; sequence: number; suffix: string }[] {
  const prefix = `${basename(path)}.`;
  return namesIn(dirname(path)).flatMap((name) => {
    const match = name.startsWith(prefix) ? /^(\d+)(\.gz|\.live)?$/.exec(name.slice(prefix.length)) : null;
    return match ? [{ name, sequence: Number(match[1]), suffix: match[2] ?? "" }] : [];
  });
}

/** Identity of a file; null where there is none. */
export function inode(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** Bytes that a log takes on disk, all files together. */
export function logSize(path: string): number {
  const prefix = basename(path);
  const seen = new Set<number>();
  let total = 0;
  for (const name of namesIn(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const stat = statSync(join(dirname(path), name), { throwIfNoEntry: false });
    if (!stat?.isFile() || seen.has(stat.ino)) continue;
    seen.add(stat.ino);
    total += stat.size;
  }
  return total;
}
