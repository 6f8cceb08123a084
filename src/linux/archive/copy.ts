import { decodeName } from "../../lib/tar/names.ts";
import {
  chmodAt,
  chownAt,
  cloneFile,
  close,
  copyRange,
  linkAt,
  listDir,
  mkdirAt,
  mknodAt,
  O,
  openAt,
  openDir,
  readlinkAt,
  S,
  type Stat,
  statAt,
  symlinkAt,
  utimeAt,
  utimeFd,
} from "../at.ts";
import { check, libc, SystemError } from "../syscall.ts";
import { getXattr, getXattrFd, listXattrs, listXattrsFd, setXattr, setXattrFd } from "../xattr.ts";
import { nextData } from "./holes.ts";
import type { CopyOptions } from "./options.ts";
import { SpaceGuard } from "./space.ts";
import { checkStopped, type Stopped } from "./stop.ts";

/**
 * Copies what is in one directory into another that exists and has none of it, attributes, links, holes and times
 * included. Sockets are left out.
 */
export function copyTree(from: string, to: string, options: CopyOptions, stopped: Stopped): void {
  const [source, target] = [openDir(from), openDir(to)];
  try {
    new TreeCopier(options, new SpaceGuard(target), target, stopped).directory(source, target);
  } finally {
    close(source);
    close(target);
  }
}

class TreeCopier {
  /** Where a file with several names was copied to first: an open root and a path below it. */
  readonly #links = new Map<string, string>();
  #clones: boolean;

  constructor(
    private readonly options: CopyOptions,
    private readonly space: SpaceGuard,
    private readonly root: number,
    private readonly stopped: Stopped,
  ) {
    this.#clones = options.clones ?? false;
  }

  /** Content first: it would change the times. `path` is below the root. */
  directory(source: number, target: number, path = ""): void {
    for (const name of listDir(source, decodeName)) {
      checkStopped(this.stopped);
      const stat = statAt(source, name);
      if (stat) this.#thing(source, target, name, path === "" ? name : `${path}/${name}`, stat);
    }
    const stat = statAt(source, "");
    if (stat) this.#attributes(source, target, stat);
  }

  #thing(source: number, target: number, name: string, path: string, stat: Stat): void {
    const kind = stat.mode & S.IFMT;
    if (kind === S.IFDIR) return this.#subdirectory(source, target, name, path);
    if (kind === S.IFSOCK || this.#linked(target, name, path, stat)) return;
    if (kind === S.IFREG) return this.#file(source, target, name);
    if (kind === S.IFLNK) symlinkAt(decodeName(readlinkAt(source, name)), target, name);
    else mknodAt(target, name, kind, 0o600, stat.rdevMajor, stat.rdevMinor);
    chownAt(target, name, stat.uid, stat.gid);
    if (kind !== S.IFLNK) chmodAt(target, name, stat.mode & 0o7777);
    const [own, other] = [`/proc/self/fd/${source}/${name}`, `/proc/self/fd/${target}/${name}`];
    this.#xattrs(
      listXattrs(own),
      (key) => getXattr(own, key),
      (key, value) => setXattr(other, key, value),
    );
    utimeAt(target, name, stat.mtime, stat.mtimeNanos);
  }

  #subdirectory(source: number, target: number, name: string, path: string): void {
    const from = openAt(source, name, O.RDONLY | O.DIRECTORY);
    try {
      mkdirAt(target, name, 0o700);
      const to = openAt(target, name, O.RDONLY | O.DIRECTORY);
      try {
        this.directory(from, to, path);
      } finally {
        close(to);
      }
    } finally {
      close(from);
    }
  }

  #linked(target: number, name: string, path: string, { nlink, dev, ino }: Stat): boolean {
    if (nlink < 2) return false;
    const known = this.#links.get(`${dev} ${ino}`);
    if (known === undefined) this.#links.set(`${dev} ${ino}`, path);
    else linkAt(this.root, known, target, name);
    return known !== undefined;
  }

  #file(source: number, target: number, name: string): void {
    // Without NONBLOCK a pipe that took the file's place would hold the worker for ever.
    const from = openAt(source, name, O.RDONLY | O.NONBLOCK);
    try {
      const stat = statAt(from, "");
      if (!stat || (stat.mode & S.IFMT) !== S.IFREG) return;
      const to = openAt(target, name, O.WRONLY | O.CREAT | O.EXCL, 0o600);
      try {
        this.#content(from, to, stat);
        this.#attributes(from, to, stat);
      } finally {
        close(to);
      }
    } finally {
      close(from);
    }
  }

  #content(from: number, to: number, { size, blocks }: Stat): void {
    if (size === 0) return;
    if (this.#clones) {
      this.#clones = cloneFile(from, to);
      if (this.#clones) return this.space.share(size);
    }
    const sparse = blocks * 512 < size;
    for (let at = 0; at < size; ) {
      const [start, end] = (sparse ? nextData(from, at, size) : [at, size]) ?? [size, size];
      for (let done = start; done < end; ) {
        checkStopped(this.stopped);
        const copied = copyRange(from, to, done, end - done);
        // It was cut short meanwhile.
        if (copied === 0) break;
        this.space.take(copied);
        done += copied;
      }
      at = end;
    }
    if (sparse) check(libc.ftruncate64(to, size), "ftruncate");
  }

  /** In the order that keeps set-uid bits and capabilities. */
  #attributes(from: number, to: number, { uid, gid, mode, mtime, mtimeNanos }: Stat): void {
    check(libc.fchown(to, uid, gid), "chown");
    check(libc.fchmod(to, mode & 0o7777), "chmod");
    this.#xattrs(
      listXattrsFd(from),
      (key) => getXattrFd(from, key),
      (key, value) => setXattrFd(to, key, value),
    );
    utimeFd(to, mtime, mtimeNanos);
  }

  /** Overlayfs's own would let a layer's copy redirect into others. What the target cannot have is left out. */
  #xattrs(
    keys: readonly string[],
    get: (key: string) => Uint8Array | undefined,
    set: (key: string, value: Uint8Array) => boolean,
  ): void {
    for (const key of keys) {
      const isOverlays = key.startsWith("trusted.overlay.") || key.startsWith("user.overlay.");
      const value = isOverlays && !this.options.overlayAttributes ? undefined : get(key);
      if (!value) continue;
      try {
        set(key, value);
      } catch (error) {
        const optional = key.startsWith("user.") || key.startsWith("trusted.");
        if (!(error instanceof SystemError && error.code === "EPERM" && optional)) throw error;
      }
    }
  }
}
