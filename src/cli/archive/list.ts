import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { hasCode } from "../../lib/errors.ts";
import { type EntryType, type TarEntry, tarEntry } from "../../lib/tar/entry.ts";

export interface ListOptions {
  /**
   * Leaves out what it says true to; a folder's members are left out with it unless `enters` says otherwise. Paths are
   * relative.
   */
  excludes?(path: string): boolean;
  /** Whether an excluded folder may hold members that are not excluded. */
  enters?(path: string): boolean;
  /** Owner to write instead of the files' own. */
  owner?: { uid: number; gid: number };
  /** Put before every name. */
  prefix?: string;
}

export interface Listed {
  entry: TarEntry;
  /** Where the content of a regular file is. */
  file?: string;
}

/**
 * What is in a directory, in the order of names, folders before what is in them; found as it is taken. Sockets are left
 * out.
 */
export function* listDirectory(root: string, options: ListOptions = {}): Generator<Listed> {
  yield* listFolder(root, "", options, new Map());
}

function* listFolder(
  root: string,
  folder: string,
  options: ListOptions,
  links: Map<string, string>,
): Generator<Listed> {
  for (const name of readdirSync(`${root}/${folder}`).sort()) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const excluded = options.excludes?.(path) ?? false;
    const stat = look(`${root}/${path}`);
    if (!stat) continue;
    const isDirectory = stat.isDirectory();
    if (excluded && !(isDirectory && options.enters?.(path))) continue;
    if (!excluded) {
      const type = typeOf(stat);
      if (!type) continue;
      const entry = tarEntry({
        name: `${options.prefix ?? ""}${path}`,
        type,
        mode: stat.mode & 0o7777,
        uid: options.owner?.uid ?? stat.uid,
        gid: options.owner?.gid ?? stat.gid,
        mtime: Math.floor(stat.mtimeMs / 1000),
        size: type === "file" ? stat.size : 0,
        linkName: type === "symlink" ? readlinkSync(`${root}/${path}`) : "",
      });
      const key = stat.nlink > 1 && type === "file" ? `${stat.dev}:${stat.ino}` : undefined;
      const first = key === undefined ? undefined : links.get(key);
      if (key !== undefined && first === undefined) links.set(key, entry.name);
      if (first !== undefined) yield { entry: { ...entry, type: "link", linkName: first, size: 0 } };
      else if (type === "file") yield { entry, file: `${root}/${path}` };
      else yield { entry };
    }
    if (isDirectory) yield* listFolder(root, path, options, links);
  }
}

/** What vanished meanwhile is not there any more. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function typeOf(stat: Stats): EntryType | null {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  return stat.isFIFO() ? "fifo" : null;
}
