/** Unpacks what a container sent. The archive is not trusted: nothing is ever written outside of the directory. */

import type { Stats } from "node:fs";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import type { TarEntry } from "../../lib/tar/entry.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import { basePath, cleanPath, dirPath, joinPath } from "../paths.ts";

export interface UnpackOptions {
  /** The name that a member is to have. */
  rename(name: string): string;
  /** Give files the owners that the archive names. */
  keepOwners: boolean;
}

/** Unpacks into an existing directory. A directory is never replaced by a file, nor a file by a directory. */
export async function unpackArchive(
  chunks: AsyncIterable<Uint8Array>,
  directory: string,
  options: UnpackOptions,
): Promise<void> {
  const unpacker = new Unpacker(realpathSync(directory), options);
  const reader = new TarReader(unpacker);
  try {
    for await (const chunk of chunks) reader.write(chunk);
    reader.end();
  } finally {
    unpacker.close();
  }
  unpacker.finish();
}

class Unpacker {
  #file: { fd: number; path: string } | undefined;
  /** Their times are set last, since what is put into them changes them. */
  readonly #directories: { path: string; entry: TarEntry }[] = [];

  constructor(
    readonly root: string,
    readonly options: UnpackOptions,
  ) {}

  entry(entry: TarEntry): void {
    const path = this.#place(this.options.rename(entry.name), entry.name);
    if (path === null) return;
    this.#makeRoom(path, entry);
    const permissions = entry.mode & 0o777;
    switch (entry.type) {
      case "directory":
        if (!lookAt(path)) mkdirSync(path, permissions);
        this.#directories.push({ path, entry });
        break;
      case "file":
        // Exclusive: nothing that appeared meanwhile is followed.
        this.#file = { fd: openSync(path, "wx", permissions), path };
        return;
      case "symlink":
        symlinkSync(entry.linkName, path);
        break;
      case "link": {
        const target = this.#place(this.options.rename(entry.linkName), entry.linkName);
        if (target === null)
          throw new Error(`invalid hardlink ${JSON.stringify(entry.name)} -> ${JSON.stringify(entry.linkName)}`);
        linkSync(target, path);
        return;
      }
      default:
        makeNode(path, entry);
    }
    this.#finishOne(path, entry);
  }

  data(chunk: Uint8Array, offset: number): void {
    if (!this.#file) return;
    for (let done = 0; done < chunk.length; )
      done += writeSync(this.#file.fd, chunk, done, chunk.length - done, offset + done);
  }

  end(entry: TarEntry): void {
    const file = this.#file;
    if (!file) return;
    if (entry.sparse) ftruncateSync(file.fd, entry.size);
    this.close();
    this.#finishOne(file.path, entry);
  }

  close(): void {
    if (this.#file) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  finish(): void {
    for (const { path, entry } of this.#directories.reverse()) setTimes(path, entry);
  }

  /** The place of a name within the root; its parents are made where they are missing. Null for the root itself. */
  #place(name: string, original: string): string | null {
    const relative = cleanPath(name.replace(/^\/+/, ""));
    if (relative === ".") return null;
    const outside = () => new Error(`invalid entry name ${JSON.stringify(original)}`);
    if (relative === ".." || relative.startsWith("../")) throw outside();
    const missing: string[] = [];
    let parent = dirPath(joinPath(this.root, relative));
    for (; !lookAt(parent); parent = dirPath(parent)) missing.unshift(basePath(parent));
    // Links on the way are followed as long as they stay within.
    let real = realpathSync(parent);
    if (real !== this.root && !real.startsWith(this.root === "/" ? "/" : `${this.root}/`)) throw outside();
    for (const name of missing) mkdirSync((real = joinPath(real, name)), 0o755);
    return joinPath(real, basePath(relative));
  }

  #makeRoom(path: string, { name, type }: TarEntry): void {
    const there = lookAt(path);
    if (!there) return;
    if (there.isDirectory() && type !== "directory")
      throw new Error(
        `cannot overwrite directory ${JSON.stringify(name)} with non-directory ${JSON.stringify(this.root)}`,
      );
    if (!there.isDirectory() && type === "directory")
      throw new Error(
        `cannot overwrite non-directory ${JSON.stringify(name)} with directory ${JSON.stringify(this.root)}`,
      );
    if (!there.isDirectory()) rmSync(path);
  }

  #finishOne(path: string, entry: TarEntry): void {
    if (this.options.keepOwners) lchownSync(path, entry.uid, entry.gid);
    if (entry.type !== "symlink") chmodSync(path, entry.mode);
    setTimes(path, entry);
  }
}

function lookAt(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function setTimes(path: string, { mtime, mtimeNanos }: TarEntry): void {
  const time = mtime + mtimeNanos / 1e9;
  lutimesSync(path, time, time);
}

function makeNode(path: string, { type, devMajor, devMinor }: TarEntry): void {
  const argv =
    type === "fifo"
      ? ["mkfifo", path]
      : ["mknod", path, type === "block" ? "b" : "c", String(devMajor), String(devMinor)];
  const { exitCode, stderr } = Bun.spawnSync(argv, { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(stderr.toString().trim());
}
