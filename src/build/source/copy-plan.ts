import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { IgnorePatterns } from "../../lib/ignore-patterns.ts";
import { baseOf, inside, parentOf } from "./path.ts";
import { glob, resolve, walk, type SourceEntry, type SourceTree } from "./tree.ts";

export interface CopyRequest {
  sources: string[];
  /** Absolute in the target's root; a slash at the end means a directory. */
  destination: string;
  exclude: string[];
  parents: boolean;
  /** What the target has at a path (links followed); undefined: nothing. */
  target(path: string): "directory" | "other" | undefined;
  /** Owner of everything that is copied; undefined: as in the source. */
  owner: { uid: number; gid: number } | undefined;
  /** Applies `--chmod` to a mode. */
  chmod: (mode: number, type: SourceEntry["type"]) => number;
}

/** One thing to be made: where it comes from (undefined: a directory made for the way) and where it goes. */
export interface CopyItem {
  from: string | undefined;
  /** Relative to the target's root. */
  to: string;
  entry: SourceEntry;
}

/** COPY cannot find a source; the text is BuildKit's. */
export class SourceNotFound extends Error {
  constructor(readonly path: string) {
    super(`failed to compute cache key: failed to calculate checksum of ref: "${path.startsWith("/") ? path : `/${path}`}": not found`);
  }
}

/** A file of the target stands where a directory has to be. */
export class TargetInTheWay extends Error {
  constructor(readonly path: string) {
    super(`cannot copy to non-directory: /${path}`);
  }
}

/** What COPY takes from a tree and where it puts it, in the order of making. Throws {@link SourceNotFound}, {@link TargetInTheWay}. */
export function planCopy(tree: SourceTree, request: CopyRequest): CopyItem[] {
  const items: CopyItem[] = [];
  const made = new Set<string>();
  const ignore = new IgnorePatterns(request.exclude);
  const found = request.sources.flatMap((source) => expandSource(tree, source));
  const target = inside(request.destination);
  const intoFolder = /(^|\/)\.?\/?$/.test(request.destination) || request.destination.endsWith("/") || found.length > 1 || request.parents || request.target(target) === "directory";

  const add = (item: CopyItem) => {
    const { entry } = item;
    items.push({ ...item, entry: { ...entry, ...(request.owner ?? {}), ...(entry.type !== "symlink" && { mode: request.chmod(entry.mode, entry.type) }) } });
  };
  /** Directories on the way that the target lacks belong to the new owner. */
  const ensure = (path: string) => {
    if (path === "" || made.has(path) || request.target(path) === "directory") return;
    if (request.target(path) === "other") throw new TargetInTheWay(path);
    ensure(parentOf(path));
    made.add(path);
    items.push({ from: undefined, to: path, entry: { ...plainDirectory, ...(request.owner ?? {}) } });
  };

  for (const { path, pivot } of found) {
    const real = resolve(tree, path);
    const entry = real === undefined ? undefined : tree.entry(real);
    if (real === undefined || !entry) throw new SourceNotFound(path);
    if (entry.type === "directory") {
      const base = request.parents ? join(target, inside(path.slice(pivot))) : target;
      const isNew = base !== "" && request.target(base) !== "directory" && !made.has(base);
      if (isNew && request.target(base) === "other") throw new TargetInTheWay(base);
      if (isNew) {
        ensure(parentOf(base));
        made.add(base);
        // Of a directory its contents are copied; the one that takes them is a new one, but where whole paths are kept.
        if (request.parents) add({ from: undefined, to: base, entry });
        else items.push({ from: undefined, to: base, entry: { ...plainDirectory, ...(request.owner ?? {}) } });
      }
      for (const each of walk(tree, real, (folder) => !ignore.hasExceptions && ignore.ignores(relative(real, folder)))) {
        const below = relative(real, each.path);
        if (ignore.ignores(below)) continue;
        add({ from: each.path, to: join(base, below), entry: each.entry });
      }
    } else {
      if (ignore.ignores(baseOf(path)) || ignore.ignores(inside(path))) continue;
      const to = request.parents ? join(target, inside(path.slice(pivot))) : intoFolder ? join(target, baseOf(inside(path))) : target;
      ensure(parentOf(to));
      add({ from: real, to, entry });
    }
  }
  return items;
}

/** A source with its wildcards resolved. `/./` marks where `--parents` begins to keep the path. */
function expandSource(tree: SourceTree, source: string): { path: string; pivot: number }[] {
  const mark = source.indexOf("/./");
  const pivotOf = (path: string) => (mark < 0 ? 0 : path.split("/").slice(0, inside(source.slice(0, mark)).split("/").filter(Boolean).length).join("/").length);
  if (!/[*?[]/.test(source)) {
    const path = inside(source);
    return [{ path: path === "" ? "" : path, pivot: pivotOf(path) }];
  }
  const paths = glob(tree, source);
  if (paths.length === 0) throw new SourceNotFound(source);
  return paths.map((path) => ({ path, pivot: pivotOf(path) }));
}

const plainDirectory: SourceEntry = { type: "directory", mode: 0o755, uid: 0, gid: 0, uname: "", gname: "", size: 0, mtime: 0, mtimeNanos: 0, linkName: "", devMajor: 0, devMinor: 0 };

function join(a: string, b: string): string {
  return a && b ? `${a}/${b}` : a || b;
}

function relative(base: string, path: string): string {
  return base === "" ? path : path.slice(base.length + 1);
}

/** The planned things as an archive to be extracted over the target's root. `now`: seconds, for directories made on the way. */
export async function* copyArchive(tree: SourceTree, items: readonly CopyItem[], now: number, clampMtime?: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  /** Files of several names: where the first of them went. What is copied with other modes or owners is another file. */
  const names = new Map<string, string>();
  const hold = (chunk: Uint8Array) => { held.push(chunk); heldBytes += chunk.length; };
  await tree.ready?.(items.flatMap(({ from, entry }) => (from !== undefined && entry.type === "file" ? [from] : [])));
  for (const { from, to, entry } of items) {
    let { mtime, mtimeNanos } = entry === undefined || (from === undefined && entry.mtime === 0) ? { mtime: now, mtimeNanos: 0 } : entry;
    if (clampMtime !== undefined && mtime >= clampMtime) [mtime, mtimeNanos] = [clampMtime, 0];
    const { inode, ...header } = entry;
    const file = inode === undefined ? undefined : `${inode} ${entry.mode} ${entry.uid} ${entry.gid}`;
    const first = file === undefined ? undefined : names.get(file);
    if (first !== undefined) {
      hold(encodeHeader({ ...header, name: to, type: "link", linkName: first, size: 0, uname: "", gname: "", mtime, mtimeNanos }));
      continue;
    }
    if (file !== undefined) names.set(file, to);
    hold(encodeHeader({ ...header, name: to, uname: "", gname: "", mtime, mtimeNanos }));
    if (entry.type === "file" && from !== undefined) {
      let done = 0;
      for await (const chunk of tree.read(from)) {
        hold(chunk);
        done += chunk.length;
        if (heldBytes >= 1 << 20) { yield Buffer.concat(held); held = []; heldBytes = 0; }
      }
      if (done !== entry.size) throw new Error(`${from} changed while it was copied`);
      hold(padding(entry.size));
    }
    if (heldBytes >= 1 << 20) { yield Buffer.concat(held); held = []; heldBytes = 0; }
  }
  hold(endOfArchive());
  yield Buffer.concat(held);
}

/** Digest of what a copy brings: names, kinds, modes, owners, link targets and content; not times. */
export async function digestItems(tree: SourceTree, items: readonly CopyItem[]): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const { from, to, entry } of items) {
    const known = entry.type === "file" && from !== undefined ? tree.digest(from) ?? "" : entry.linkName;
    const content = typeof known === "string" ? known : await known;
    const xattrs = [...(entry.xattrs ?? [])].map(([key, value]) => `${key}=${Buffer.from(value).toString("hex")}`).sort();
    hasher.update(JSON.stringify([to, entry.type, entry.mode, entry.uid, entry.gid, entry.devMajor, entry.devMinor, content, xattrs]));
  }
  return hasher.digest("hex");
}
