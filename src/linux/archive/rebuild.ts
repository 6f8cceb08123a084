import { createReadStream } from "node:fs";
import { decompress } from "../../lib/decompress.ts";
import { TarError } from "../../lib/tar/entry.ts";
import { readSplit } from "../../lib/tar/split.ts";
import { close, O, openAt, openDir, readInto } from "../at.ts";
import { SystemError } from "../syscall.ts";
import { extractTree } from "./extract.ts";
import type { ExtractOptions, ExtractResult } from "./options.ts";
import { Parents } from "./parents.ts";
import { archivePath, baseOf, parentOf } from "./path.ts";
import { checkStopped, type Stopped } from "./stop.ts";

/** Bytes that are read at once. */
const PIECE = 512 * 1024;

/**
 * The archive that a tree was unpacked from, byte for byte: what tar-split kept of it (the file `split`, gzipped), with
 * the contents of its files out of the tree. A chunk is good until the next one is asked for.
 */
export async function* rebuiltArchive(tree: string, split: string): AsyncGenerator<Uint8Array> {
  const root = openDir(tree);
  using folders = new Parents(root, () => {});
  const buffer = new Uint8Array(PIECE);
  try {
    for await (const parts of readSplit(decompress(createReadStream(split), "gzip"))) {
      for (const part of parts) {
        if (part.kind === "bytes") yield part.bytes;
        else if (part.size > 0) yield* contentOf(folders, archivePath(part.name), part.size, buffer);
      }
    }
  } finally {
    close(root);
  }
}

function* contentOf(folders: Parents, path: string, size: number, buffer: Uint8Array): Generator<Uint8Array> {
  let fd;
  try {
    fd = openAt(folders.find(parentOf(path)), baseOf(path), O.RDONLY | O.NONBLOCK);
  } catch (error) {
    if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code))
      throw new TarError(`${JSON.stringify(path)} is missing`);
    throw error;
  }
  try {
    for (let left = size; left > 0; ) {
      const got = readInto(fd, left < buffer.length ? buffer.subarray(0, left) : buffer);
      if (got === 0) throw new TarError(`${JSON.stringify(path)} is shorter than it was`);
      yield buffer.subarray(0, got);
      left -= got;
    }
  } finally {
    close(fd);
  }
}

/** Bytes of the archive, by what tar-split says of it: no file is read. */
export async function measureRebuilt(split: string, stopped: Stopped): Promise<number> {
  let size = 0;
  for await (const parts of readSplit(decompress(createReadStream(split), "gzip"))) {
    checkStopped(stopped);
    for (const part of parts) size += part.kind === "bytes" ? part.bytes.length : part.size;
  }
  return size;
}

/**
 * Unpacks under `root` the archive that `tree` was unpacked from, telling its digest. With `options.share` files of the
 * tree that are as the archive says are shared with it rather than written again.
 */
export async function rebuildTree(
  tree: string,
  split: string,
  root: string,
  options: ExtractOptions,
  stopped: Stopped,
): Promise<ExtractResult> {
  const archive = rebuiltArchive(tree, split);
  return await extractTree(archive, root, { ...options, digest: true, compression: "none" }, stopped);
}
