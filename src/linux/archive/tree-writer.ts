import { sparseBytes, type TarEntry, TarError } from "../../lib/tar/entry.ts";
import type { TarHandler } from "../../lib/tar/reader.ts";
import { close, linkAt, mkdirAt, mknodAt, O, openAt, openInRoot, S, statAt, symlinkAt, utimeFd } from "../at.ts";
import { idsOutside } from "../id-maps.ts";
import { removeTreeAt } from "../remove.ts";
import { check, libc, SystemError } from "../syscall.ts";
import { type ApplyOptions, applyAt, applyToFd } from "./attributes.ts";
import { HoleWriter } from "./holes.ts";
import type { ExtractOptions, ExtractResult } from "./options.ts";
import { Parents } from "./parents.ts";
import { archivePath, baseOf, parentOf } from "./path.ts";
import { FileSharing } from "./share.ts";
import { SpaceGuard } from "./space.ts";
import { clearBelow, hideOverlay, isOverlayWhiteout, OPAQUE_NAME, setOpaque, WHITEOUT_PREFIX } from "./whiteouts.ts";

const DEFAULT_MAX_ENTRIES = 4_000_000;

/**
 * Writes the members of an archive into a directory tree. Every path is resolved by the kernel as if that directory
 * were `/`, and nothing is opened through a link that could have been put in the way, so neither names nor links
 * reach outside, whatever changes the tree meanwhile. Synchronous: runs in a worker.
 */
export class TreeWriter implements TarHandler, Disposable {
  readonly #parents: Parents;
  readonly #space: SpaceGuard;
  readonly #implicit: string[] = [];
  /** Times of directories are set last: what is put into them would change them again. */
  readonly #directories = new Map<string, TarEntry>();
  /** `apply` only: what this archive has put there, with all directories above. */
  readonly #unpacked = new Set<string>();
  readonly #whiteouts: NonNullable<ExtractOptions["whiteouts"]>;
  readonly #applied: Omit<ApplyOptions, "times">;
  readonly #sharing: FileSharing | undefined;
  readonly #prefix: string;
  #entries = 0;
  #file = -1;
  #holes = new HoleWriter(-1);
  /** The open file may have to be made longer than what was written to it. */
  #hasHoles = false;
  #rootSeen = false;

  /** `root` is an open directory, which stays the caller's. */
  constructor(
    private readonly root: number,
    private readonly options: ExtractOptions,
  ) {
    const { owner = "keep", ids } = options;
    const top = ids && idsOutside(ids, { uid: 0, gid: 0 });
    this.#parents = new Parents(root, (path) => this.#implicit.push(path), top);
    this.#space = new SpaceGuard(root, options.maxBytes);
    this.#whiteouts = options.whiteouts ?? "keep";
    this.#prefix = archivePath(options.into ?? "");
    this.#sharing = options.share && new FileSharing(options.share, options.overlayAttributes);
    const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    const given = owner === "keep" || owner === "caller" ? undefined : owner;
    this.#applied = { owner: owner === "caller" ? own : given, ids, overlay: options.overlayAttributes };
  }

  entry(entry: TarEntry): void {
    if (++this.#entries > (this.options.maxEntries ?? DEFAULT_MAX_ENTRIES))
      throw new TarError("archive has too many entries");
    const inner = archivePath(entry.name);
    if (inner === "") return this.#rootEntry(entry);
    const path = this.#join(inner);
    const name = baseOf(path);
    if (this.#whiteouts !== "keep" && name.startsWith(WHITEOUT_PREFIX)) return this.#whiteout(path);
    this.#create(path, entry);
    if (this.#whiteouts === "apply")
      for (let p = path; p !== "" && !this.#unpacked.has(p); p = parentOf(p)) this.#unpacked.add(p);
  }

  data(chunk: Uint8Array, offset: number): void {
    if (this.#file < 0) return;
    const written = this.#holes.write(chunk, offset);
    this.#space.take(chunk.length, written);
    if (written < chunk.length) this.#hasHoles = true;
  }

  end(entry: TarEntry): void {
    if (this.#file < 0) return;
    const fd = this.#file;
    this.#file = -1;
    try {
      if (this.#hasHoles) check(libc.ftruncate64(fd, entry.size), "ftruncate", entry.name);
      applyToFd(fd, entry, { ...this.#applied, times: true });
    } finally {
      close(fd);
    }
  }

  /** To be called after the last member. */
  finish(): Omit<ExtractResult, "diffId"> {
    if (this.#prefix !== "") this.#parents.get(this.#prefix);
    for (const [path, entry] of this.#directories) {
      let fd;
      try {
        fd = openInRoot(this.root, path, O.RDONLY | O.DIRECTORY);
      } catch (error) {
        // Removed since, by another name for it or by somebody else.
        if (error instanceof SystemError && (error.code === "ENOENT" || error.code === "ENOTDIR")) continue;
        throw error;
      }
      try {
        utimeFd(fd, entry.mtime, entry.mtimeNanos);
      } finally {
        close(fd);
      }
    }
    const implicitDirs = this.options.rootAttributes && !this.#rootSeen ? ["", ...this.#implicit] : this.#implicit;
    return { bytes: this.#space.taken, entries: this.#entries, implicitDirs, shared: this.#sharing?.bytes ?? 0 };
  }

  [Symbol.dispose](): void {
    if (this.#file >= 0) close(this.#file);
    this.#file = -1;
    this.#parents[Symbol.dispose]();
    this.#sharing?.[Symbol.dispose]();
  }

  #join(inner: string): string {
    return this.#prefix === "" ? inner : `${this.#prefix}/${inner}`;
  }

  #rootEntry(entry: TarEntry): void {
    if (entry.type !== "directory") throw new TarError(`invalid name in archive: ${JSON.stringify(entry.name)}`);
    if (!this.options.rootAttributes) return;
    this.#rootSeen = true;
    applyToFd(this.#parents.get(this.#prefix), entry, { ...this.#applied, times: false });
    this.#directories.set(this.#prefix, entry);
  }

  #create(path: string, entry: TarEntry): void {
    const { type } = entry;
    switch (type) {
      case "directory":
        return this.#directory(path, entry);
      case "file":
        if (this.#share(path, entry)) return;
        this.#space.claim(sparseBytes(entry), entry.name);
        this.#hasHoles = entry.sparse !== undefined;
        this.#file = this.#making(path, entry, (dir, name) => openAt(dir, name, O.WRONLY | O.CREAT | O.EXCL, 0o600));
        this.#holes = new HoleWriter(this.#file);
        return;
      case "link":
        return this.#hardLink(path, entry);
      case "symlink":
        this.#making(path, entry, (dir, name) => symlinkAt(entry.linkName, dir, name));
        break;
      case "fifo":
        this.#making(path, entry, (dir, name) => mknodAt(dir, name, S.IFIFO, 0o600));
        break;
      case "char":
      case "block": {
        if (this.options.devices === "refuse")
          throw new TarError(`device nodes are not allowed: ${JSON.stringify(entry.name)}`);
        if (this.options.devices === "skip") return;
        const kind = type === "char" ? S.IFCHR : S.IFBLK;
        this.#making(path, entry, (dir, name) => mknodAt(dir, name, kind, 0o600, entry.devMajor, entry.devMinor));
      }
    }
    applyAt(this.#parents.get(parentOf(path)), baseOf(path), entry, this.#applied);
  }

  /** True where another tree's file stands in: its content is not written. */
  #share(path: string, entry: TarEntry): boolean {
    const sharing = this.#sharing;
    if (!sharing || !this.#making(path, entry, (dir, name) => sharing.put(path, entry, dir, name))) return false;
    this.#space.share(entry.size);
    return true;
  }

  /** Runs `make` in the parent directory; where something stands in the way that goes first. */
  #making<T>(path: string, entry: TarEntry, make: (dir: number, name: string) => T): T {
    const name = baseOf(path);
    const dir = this.#parents.get(parentOf(path));
    try {
      return make(dir, name);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== "EEXIST") throw error;
    }
    const existing = statAt(dir, name);
    const isDirectory = existing !== undefined && (existing.mode & S.IFMT) === S.IFDIR;
    if (isDirectory) this.#refuse(path, entry);
    this.#clear(path, dir, name);
    return make(this.#parents.get(parentOf(path)), name);
  }

  /** A directory and something else meet: what may not be replaced ends the work. */
  #refuse(path: string, { type, name }: TarEntry): void {
    const { otherKind = "replace" } = this.options;
    if (otherKind === "replace") return;
    const [there, comes] = type === "directory" ? ["non-directory", "directory"] : ["directory", "non-directory"];
    if (otherKind === "refuse-cp")
      throw new TarError(
        `cannot overwrite ${there} ${JSON.stringify(`/${path}`)} with ${comes} ${JSON.stringify(name)}`,
      );
    throw new TarError(
      type === "directory"
        ? `cannot copy to non-directory: /${path}`
        : `cannot replace to directory /${path} with file`,
    );
  }

  #clear(path: string, dir: number, name: string): void {
    removeTreeAt(dir, name);
    this.#parents.forget(parentOf(path));
    for (const known of this.#directories.keys()) {
      if (known === path || known.startsWith(`${path}/`)) this.#directories.delete(known);
    }
  }

  #directory(path: string, entry: TarEntry): void {
    const name = baseOf(path);
    const parent = this.#parents.get(parentOf(path));
    let opaque = false;
    try {
      mkdirAt(parent, name, 0o700);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== "EEXIST") throw error;
      const existing = statAt(parent, name);
      if (existing && (existing.mode & S.IFMT) !== S.IFDIR) {
        this.#refuse(path, entry);
        // The directory stands for the deletion that it replaces.
        opaque = this.#whiteouts === "overlay" && isOverlayWhiteout(existing);
        this.#clear(path, parent, name);
        mkdirAt(this.#parents.get(parentOf(path)), name, 0o700);
      }
    }
    const fd = this.#parents.put(path, openAt(this.#parents.get(parentOf(path)), name, O.RDONLY | O.DIRECTORY));
    if (opaque) setOpaque(fd);
    applyToFd(fd, entry, { ...this.#applied, times: false });
    this.#directories.set(path, entry);
  }

  #hardLink(path: string, entry: TarEntry): void {
    const target = this.#join(archivePath(entry.linkName));
    if (target === path) return;
    this.#making(path, entry, (dir, name) => {
      const from = this.#parents.find(parentOf(target));
      // find() may close the longest unused descriptor, but not one that was asked for just now.
      linkAt(from, baseOf(target), dir, name);
    });
  }

  #whiteout(path: string): void {
    const name = baseOf(path);
    const parentPath = parentOf(path);
    const parent = this.#parents.get(parentPath);
    if (name === OPAQUE_NAME) {
      if (this.#whiteouts === "overlay") setOpaque(parent);
      else clearBelow(parent, parentPath, this.#unpacked);
      return;
    }
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    // AUFS kept notes of its own under names that begin with two of them.
    if (hidden.startsWith(WHITEOUT_PREFIX)) return;
    if (hidden === "" || hidden === "." || hidden === "..")
      throw new TarError(`invalid whiteout name: ${JSON.stringify(name)}`);
    if (this.#whiteouts === "overlay") return hideOverlay(parent, hidden);
    const hiddenPath = parentPath === "" ? hidden : `${parentPath}/${hidden}`;
    if (!this.#unpacked.has(hiddenPath)) {
      removeTreeAt(parent, hidden);
      this.#parents.forget(parentPath);
      return;
    }
    const stat = statAt(parent, hidden);
    if (stat && (stat.mode & S.IFMT) === S.IFDIR)
      clearBelow(this.#parents.find(hiddenPath), hiddenPath, this.#unpacked);
  }
}
