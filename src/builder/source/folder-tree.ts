import { read } from "node:fs";
import { promisify } from "node:util";
import type { EntryType } from "../../lib/tar/entry.ts";
import { decodeName } from "../../lib/tar/names.ts";
import type { Content } from "../../linux/archive/options.ts";
import { close, listDir, O, openDir, openInRoot, readlinkAt, S, statAt } from "../../linux/at.ts";
import { SystemError } from "../../linux/syscall.ts";
import { getXattr, listXattrs } from "../../linux/xattr.ts";
import { baseOf, parentOf } from "./path.ts";
import type { SourceEntry, SourceTree } from "./tree.ts";

const readFd = promisify(read);
const types = new Map<number, EntryType>([
  [S.IFREG, "file"],
  [S.IFDIR, "directory"],
  [S.IFLNK, "symlink"],
  [S.IFCHR, "char"],
  [S.IFBLK, "block"],
  [S.IFIFO, "fifo"],
]);

/** A mounted root filesystem as a source: looked at by descriptor, so that its links never lead out of it. */
export class FolderTree implements SourceTree, Disposable {
  readonly #root: number;

  constructor(private readonly path: string) {
    this.#root = openDir(path);
  }

  entry(path: string): SourceEntry | undefined {
    const dir = this.#open(parentOf(path), O.PATH | O.DIRECTORY);
    if (dir === undefined) return undefined;
    try {
      const name = baseOf(path);
      const stat = statAt(dir, name);
      const type = stat && types.get(stat.mode & S.IFMT);
      if (!stat || !type) return undefined;
      // The descriptor's own path names the thing safely for the calls that take no descriptor.
      const proc = `/proc/self/fd/${dir}/${name}`;
      const names =
        type === "file" || type === "directory"
          ? listXattrs(proc).filter((key) => key.startsWith("user.") || key === "security.capability")
          : [];
      const xattrs = new Map(
        names.flatMap((key) => {
          const value = getXattr(proc, key);
          return value ? [[key, value] as const] : [];
        }),
      );
      return {
        type,
        mode: stat.mode & 0o7777,
        uid: stat.uid,
        gid: stat.gid,
        uname: "",
        gname: "",
        size: type === "file" ? stat.size : 0,
        mtime: stat.mtime,
        mtimeNanos: stat.mtimeNanos,
        linkName: type === "symlink" ? decodeName(readlinkAt(dir, name)) : "",
        devMajor: type === "char" || type === "block" ? stat.rdevMajor : 0,
        devMinor: type === "char" || type === "block" ? stat.rdevMinor : 0,
        ...(xattrs.size > 0 && { xattrs }),
        ...(type === "file" && stat.nlink > 1 && { inode: `${stat.dev}:${stat.ino}` }),
      };
    } finally {
      close(dir);
    }
  }

  children(path: string): string[] {
    const dir = this.#open(path, O.RDONLY | O.DIRECTORY);
    if (dir === undefined) return [];
    try {
      return listDir(dir, decodeName).sort();
    } finally {
      close(dir);
    }
  }

  stored(path: string): Content {
    return { root: this.path, path };
  }

  async digest(path: string, signal: AbortSignal): Promise<string> {
    const hasher = new Bun.CryptoHasher("sha256");
    for await (const chunk of this.read(path)) {
      signal.throwIfAborted();
      hasher.update(chunk);
    }
    return hasher.digest("hex");
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const file = openInRoot(this.#root, path, O.RDONLY | O.NOFOLLOW | O.NONBLOCK);
    try {
      for (let at = 0; ; ) {
        const { bytesRead, buffer } = await readFd(file, new Uint8Array(256 * 1024), 0, 256 * 1024, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
      }
    } finally {
      close(file);
    }
  }

  [Symbol.dispose](): void {
    close(this.#root);
  }

  #open(path: string, flags: number): number | undefined {
    try {
      return openInRoot(this.#root, path, flags);
    } catch (error) {
      if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code)) return undefined;
      throw error;
    }
  }
}
