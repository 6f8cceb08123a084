import { lstat, open, readdir, readlink } from "node:fs/promises";
import { type EntryType, tarEntry, type TarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";

export interface PackOptions {
  /** Leaves out what it says true to; a folder's members are left out with it unless `enters` says otherwise. Paths are relative. */
  excludes?(path: string): boolean;
  /** Whether an excluded folder may hold members that are not excluded. */
  enters?(path: string): boolean;
  /** Owner to write instead of the files' own. */
  owner?: { uid: number; gid: number };
  /** Put before every name; the archive is then one part of another and has no end of its own. */
  prefix?: string;
}

/** A directory's content as a tar archive, in the order of names, produced as it is taken. Sockets are left out. */
export async function* packDirectory(root: string, options: PackOptions = {}): AsyncGenerator<Uint8Array> {
  const links = new Map<string, string>();
  yield* packFolder(root, "", options, links);
  if (options.prefix === undefined) yield endOfArchive();
}

async function* packFolder(root: string, folder: string, options: PackOptions, links: Map<string, string>): AsyncGenerator<Uint8Array> {
  const names = (await readdir(`${root}/${folder}`)).sort();
  for (const name of names) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const excluded = options.excludes?.(path) ?? false;
    const stat = await lstat(`${root}/${path}`).catch(() => null);
    // What vanished meanwhile is not there any more.
    if (!stat) continue;
    const isDirectory = stat.isDirectory();
    if (excluded && !(isDirectory && options.enters?.(path))) continue;
    if (!excluded) {
      const type = typeOf(stat);
      if (!type) continue;
      const entry = tarEntry({
        name: `${options.prefix ?? ""}${path}`, type, mode: stat.mode & 0o7777, uid: options.owner?.uid ?? stat.uid, gid: options.owner?.gid ?? stat.gid,
        mtime: Math.floor(stat.mtimeMs / 1000), size: type === "file" ? stat.size : 0,
        linkName: type === "symlink" ? await readlink(`${root}/${path}`) : "",
      });
      const key = `${stat.dev}:${stat.ino}`;
      const first = stat.nlink > 1 && type === "file" ? links.get(key) : undefined;
      if (first !== undefined) yield encodeHeader({ ...entry, type: "link", linkName: first, size: 0 });
      else {
        if (stat.nlink > 1 && type === "file") links.set(key, entry.name);
        if (type === "file") yield* packFile(`${root}/${path}`, entry);
        else yield encodeHeader(entry);
      }
    }
    if (isDirectory) yield* packFolder(root, path, options, links);
  }
}

/** Header and content; a file that grows or shrinks meanwhile is cut or filled with zeros to the size it began with. */
export async function* packFile(path: string, entry: TarEntry): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  yield encodeHeader(entry);
  let left = entry.size;
  while (left > 0) {
    const buffer = Buffer.allocUnsafe(Math.min(left, 1 << 18));
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    const chunk = bytesRead === 0 ? buffer.fill(0) : buffer.subarray(0, bytesRead);
    left -= chunk.length;
    yield chunk;
  }
  yield padding(entry.size);
}

function typeOf(stat: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean; isFIFO(): boolean }): EntryType | null {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  return stat.isFIFO() ? "fifo" : null;
}
