import type { Stats } from "node:fs";
import { lstat, opendir, readlink } from "node:fs/promises";
import { type EntryType, type TarEntry, tarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive } from "../../lib/tar/writer.ts";
import { packFile } from "../archive/pack.ts";
import { fileError } from "../files.ts";

/**
 * A file or a tree as a tar stream; its members stand under `name` (`.` for the contents alone). Owners are kept as
 * numbers, hard links within the tree as links; sockets are left out.
 */
export async function* packPath(path: string, name: string): AsyncGenerator<Uint8Array> {
  yield* packOne(path, name, new Map());
  yield endOfArchive();
}

/** `seen` holds the first name of each file that has several, by device and inode. */
async function* packOne(path: string, name: string, seen: Map<string, string>): AsyncGenerator<Uint8Array> {
  const info = await lstat(path).catch((error: unknown) => Promise.reject(fileError("lstat", path, error)));
  const type = typeOf(info);
  if (type === null) return;
  const entry = await describe(path, name, info, type, seen);
  if (entry.type === "file") yield* packFile(path, entry);
  else yield encodeHeader(entry);
  if (entry.type !== "directory") return;
  const names: string[] = [];
  const directory = await opendir(path).catch((error: unknown) => Promise.reject(fileError("open", path, error)));
  for await (const { name: child } of directory) names.push(child);
  for (const child of names.sort()) yield* packOne(`${path}/${child}`, `${name}/${child}`, seen);
}

function typeOf(info: Stats): EntryType | null {
  if (info.isFile()) return "file";
  if (info.isDirectory()) return "directory";
  if (info.isSymbolicLink()) return "symlink";
  if (info.isCharacterDevice()) return "char";
  if (info.isBlockDevice()) return "block";
  return info.isFIFO() ? "fifo" : null;
}

async function describe(
  path: string,
  name: string,
  info: Stats,
  type: EntryType,
  seen: Map<string, string>,
): Promise<TarEntry> {
  const device = type === "char" || type === "block";
  const seconds = Math.floor(info.mtimeMs / 1000);
  const entry = tarEntry({
    name,
    type,
    mode: info.mode & 0o7777,
    uid: info.uid,
    gid: info.gid,
    mtime: seconds,
    mtimeNanos: Math.round((info.mtimeMs - seconds * 1000) * 1e6) % 1e9,
    ...(type === "file" && { size: info.size }),
    ...(type === "symlink" && { linkName: await readlink(path) }),
    ...(device && { devMajor: (info.rdev >> 8) & 0xfff, devMinor: (info.rdev & 0xff) | ((info.rdev >> 12) & 0xfff00) }),
  });
  if (type !== "file" || info.nlink < 2) return entry;
  const key = `${info.dev}:${info.ino}`;
  const first = seen.get(key);
  if (first === undefined) {
    seen.set(key, name);
    return entry;
  }
  return { ...entry, type: "link", linkName: first, size: 0 };
}
