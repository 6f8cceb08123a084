import { type TarEntry, tarEntry } from "../../lib/tar/entry.ts";
import { decodeName } from "../../lib/tar/names.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { close, listDir, O, openAt, openInRoot, readInto, readlinkAt, S, type Stat, statAt } from "../at.ts";
import { idsInside } from "../id-maps.ts";
import { SystemError } from "../syscall.ts";
import { getXattrFd, listXattrsFd } from "../xattr.ts";
import { BlockBuffer } from "./blocks.ts";
import { nextData } from "./holes.ts";
import type { PackOptions } from "./options.ts";
import { archivePath, baseOf, parentOf } from "./path.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { isOverlayWhiteout, OPAQUE_NAME, OPAQUE_XATTR, WHITEOUT_PREFIX } from "./whiteouts.ts";

/**
 * Turns a directory tree into an archive, block by block. Members come sorted, directories before what is in them;
 * times are whole seconds, owners numbers without names, attributes those that layers carry: so equal trees give equal
 * bytes. Sockets are left out. A file that changes while it is read keeps the size that it had at first.
 */
export class TreePacker {
  /** Bytes of regular files so far. */
  fileBytes = 0;
  readonly #blocks = new BlockBuffer();
  readonly #links = new Map<string, string>();
  readonly #exclude: Set<string>;
  #measuring = false;
  #skipped = 0;

  constructor(
    private readonly root: number,
    private readonly options: PackOptions,
  ) {
    this.#exclude = new Set(options.exclude?.map(archivePath));
  }

  /**
   * Bytes that the archive will have. Walks the tree without reading its files: fast, and right for as long as the tree
   * does not change.
   */
  measure(stopped: Stopped): number {
    this.#measuring = true;
    let size = 0;
    for (const block of this.run()) {
      checkStopped(stopped);
      size += block.length;
    }
    return size + this.#skipped;
  }

  *run(): Generator<Uint8Array<ArrayBuffer>> {
    if (this.options.only) {
      yield* this.#exactly(this.options.only, new Set(this.options.deleted));
      yield* this.#blocks.push(endOfArchive());
      yield* this.#blocks.flush();
      return;
    }
    const from = archivePath(this.options.from ?? "");
    const isDirectory = yield* this.#start(from);
    if (!isDirectory) yield* this.#lone(from);
    yield* this.#blocks.push(endOfArchive());
    yield* this.#blocks.flush();
  }

  *#exactly(paths: readonly string[], deleted: ReadonlySet<string>): Generator<Uint8Array<ArrayBuffer>> {
    for (const path of [...new Set([...paths, ...deleted])].map(archivePath).sort()) {
      if (deleted.has(path)) {
        yield* this.#deletion(join(parentOf(path), WHITEOUT_PREFIX + baseOf(path)));
        continue;
      }
      const parent = openInRoot(this.root, parentOf(path), O.RDONLY | O.DIRECTORY);
      try {
        const stat = statAt(parent, baseOf(path));
        if (!stat || (stat.mode & S.IFMT) !== S.IFDIR) yield* this.#thing(parent, baseOf(path), path, path);
        else {
          const fd = openIfThere(parent, baseOf(path), O.DIRECTORY);
          if (fd === undefined) continue;
          try {
            yield* this.#directoryEntry(fd, path);
          } finally {
            close(fd);
          }
        }
      } finally {
        close(parent);
      }
    }
  }

  /** False where the starting point is no directory. */
  *#start(from: string): Generator<Uint8Array<ArrayBuffer>, boolean> {
    let fd;
    try {
      fd = openInRoot(this.root, from, O.RDONLY | O.DIRECTORY | (from === "" ? 0 : O.NOFOLLOW));
    } catch (error) {
      if (error instanceof SystemError && (error.code === "ENOTDIR" || error.code === "ELOOP")) return false;
      throw error;
    }
    try {
      const { rootName, paths } = this.options;
      if (rootName !== undefined) yield* this.#directoryEntry(fd, rootName);
      if (paths) for (const path of [...paths].sort()) yield* this.#selected(fd, archivePath(path), rootName);
      else yield* this.#children(fd, "", rootName ?? "");
    } finally {
      close(fd);
    }
    return true;
  }

  *#lone(from: string): Generator<Uint8Array<ArrayBuffer>> {
    const parent = openInRoot(this.root, parentOf(from), O.RDONLY | O.DIRECTORY);
    try {
      yield* this.#thing(parent, baseOf(from), from, this.options.rootName ?? baseOf(from));
    } finally {
      close(parent);
    }
  }

  *#selected(start: number, path: string, rootName: string | undefined): Generator<Uint8Array<ArrayBuffer>> {
    if (path === "") return yield* this.#children(start, "", rootName ?? "");
    const parent = openInRoot(start, parentOf(path), O.RDONLY | O.DIRECTORY);
    try {
      yield* this.#thing(parent, baseOf(path), path, join(rootName ?? "", path));
    } finally {
      close(parent);
    }
  }

  *#children(dir: number, path: string, archiveName: string): Generator<Uint8Array<ArrayBuffer>> {
    for (const name of listDir(dir, decodeName).sort()) {
      yield* this.#thing(dir, name, join(path, name), join(archiveName, name));
    }
  }

  *#thing(dir: number, name: string, path: string, archiveName: string): Generator<Uint8Array<ArrayBuffer>> {
    if (this.#exclude.has(path)) return;
    const stat = statAt(dir, name);
    // Gone since the directory was read.
    if (!stat) return;
    const kind = stat.mode & S.IFMT;
    if (kind === S.IFDIR) return yield* this.#directory(dir, name, path, archiveName);
    if (kind === S.IFSOCK) return;
    if (this.options.whiteouts && isOverlayWhiteout(stat)) {
      return yield* this.#deletion(join(parentOf(archiveName), WHITEOUT_PREFIX + baseOf(archiveName)));
    }
    const known = this.#knownLink(stat, archiveName);
    if (known !== undefined)
      return yield* this.#header({ ...this.#entry(stat, archiveName), type: "link", linkName: known });
    if (kind === S.IFREG) return yield* this.#file(dir, name, archiveName);
    const entry = this.#entry(stat, archiveName);
    if (kind === S.IFLNK)
      yield* this.#header({ ...entry, type: "symlink", mode: 0o777, linkName: decodeName(readlinkAt(dir, name)) });
    else if (kind === S.IFIFO) yield* this.#header({ ...entry, type: "fifo" });
    else
      yield* this.#header({
        ...entry,
        type: kind === S.IFCHR ? "char" : "block",
        devMajor: stat.rdevMajor,
        devMinor: stat.rdevMinor,
      });
  }

  *#directory(dir: number, name: string, path: string, archiveName: string): Generator<Uint8Array<ArrayBuffer>> {
    const fd = openIfThere(dir, name, O.DIRECTORY);
    if (fd === undefined) return;
    try {
      yield* this.#directoryEntry(fd, archiveName);
      yield* this.#children(fd, path, archiveName);
    } finally {
      close(fd);
    }
  }

  *#directoryEntry(fd: number, archiveName: string): Generator<Uint8Array<ArrayBuffer>> {
    const stat = statAt(fd, "");
    if (!stat) return;
    const names = listXattrsFd(fd);
    const entry: TarEntry = {
      ...this.#entry(stat, archiveName),
      type: "directory",
      ...xattrsOf(fd, names, this.options.exact),
    };
    yield* this.#header(entry);
    if (this.options.whiteouts && names.includes(OPAQUE_XATTR)) yield* this.#deletion(join(archiveName, OPAQUE_NAME));
  }

  *#file(dir: number, name: string, archiveName: string): Generator<Uint8Array<ArrayBuffer>> {
    // Without NONBLOCK a pipe that took the file's place would hold the worker for ever.
    const fd = openIfThere(dir, name, O.NONBLOCK);
    if (fd === undefined) return;
    try {
      const stat = statAt(fd, "");
      if (!stat || (stat.mode & S.IFMT) !== S.IFREG) return;
      yield* this.#header({
        ...this.#entry(stat, archiveName),
        size: stat.size,
        ...xattrsOf(fd, listXattrsFd(fd), this.options.exact),
      });
      yield* this.#content(fd, stat);
      this.fileBytes += stat.size;
    } finally {
      close(fd);
    }
  }

  /** Holes are not read: they are told from the file's map, if it takes fewer blocks than it has bytes. */
  *#content(fd: number, { size, blocks }: Stat): Generator<Uint8Array<ArrayBuffer>> {
    if (this.#measuring) {
      this.#skipped += size + padding(size).length;
      return;
    }
    const sparse = blocks * 512 < size;
    for (let at = 0; at < size; ) {
      const [start, end] = (sparse ? nextData(fd, at, size) : [at, size]) ?? [size, size];
      yield* this.#zeros(start - at);
      yield* this.#read(fd, end - start);
      at = end;
    }
    yield* this.#blocks.push(padding(size));
  }

  /** So many bytes from where the descriptor stands; zeros for those that the file has lost meanwhile. */
  *#read(fd: number, length: number): Generator<Uint8Array<ArrayBuffer>> {
    let left = length;
    while (left > 0) {
      const got = yield* this.#blocks.pull(left, (target) => readInto(fd, target));
      if (got === 0) break;
      left -= got;
    }
    yield* this.#zeros(left);
  }

  *#zeros(length: number): Generator<Uint8Array<ArrayBuffer>> {
    for (let left = length; left > 0; ) left -= yield* this.#blocks.pull(left, (target) => target.fill(0).length);
  }

  /** The name under which a file with several links is in the archive already. */
  #knownLink(stat: Stat, archiveName: string): string | undefined {
    if (stat.nlink < 2) return undefined;
    const key = `${stat.dev} ${stat.ino}`;
    const known = this.#links.get(key);
    if (known === undefined) this.#links.set(key, archiveName);
    return known;
  }

  #entry(stat: Stat, name: string): TarEntry {
    const { owner, ids, clampMtime = Infinity } = this.options;
    const { uid, gid } = owner ?? (ids ? idsInside(ids, stat) : stat);
    return tarEntry({
      name,
      mode: stat.mode & 0o7777,
      uid,
      gid,
      mtime: Math.min(stat.mtime, clampMtime),
      mtimeNanos: this.options.exact ? stat.mtimeNanos : 0,
    });
  }

  /** Owner and time of a whiteout say nothing, and differ from one extraction to the next. */
  #deletion(name: string): Generator<Uint8Array<ArrayBuffer>> {
    return this.#header(tarEntry({ name, mode: 0 }));
  }

  *#header(entry: TarEntry): Generator<Uint8Array<ArrayBuffer>> {
    yield* this.#blocks.push(encodeHeader(entry));
  }
}

/** Undefined where it went away, or became something else, since it was listed. */
function openIfThere(dir: number, name: string, flags: number): number | undefined {
  try {
    return openAt(dir, name, O.RDONLY | flags);
  } catch (error) {
    if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"].includes(error.code)) return undefined;
    throw error;
  }
}

/** What layers carry: file capabilities and users' own. Labels, ACLs and overlayfs's notes belong to the machine. */
function xattrsOf(fd: number, names: string[], all = false): { xattrs?: Map<string, Uint8Array> } {
  const wanted = names.filter(
    (name) => all || name === "security.capability" || (name.startsWith("user.") && !name.startsWith("user.overlay.")),
  );
  if (wanted.length === 0) return {};
  const xattrs = new Map<string, Uint8Array>();
  for (const name of wanted.sort()) {
    const value = getXattrFd(fd, name);
    if (value) xattrs.set(name, value);
  }
  return { xattrs };
}

function join(parent: string, name: string): string {
  return parent === "" || parent === "/" ? parent + name : `${parent}/${name}`;
}
