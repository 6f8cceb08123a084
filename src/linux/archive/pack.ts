import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { compress } from "../../lib/compress.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import { close, openDir } from "../at.ts";
import { BlockBuffer } from "./blocks.ts";
import { fileChunks, plain } from "./extract.ts";
import type { ArchiveCompression, ExtractOptions, PackOptions, PackResult } from "./options.ts";
import { measureRebuilt, rebuiltArchive } from "./rebuild.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { TreePacker } from "./tree-packer.ts";
import { TreeWriter } from "./tree-writer.ts";

/** Packs a tree and hands each block of the finished (compressed) archive to `sink`, on this thread. */
export async function packTree(
  root: string,
  options: PackOptions,
  sink: (block: Uint8Array) => Promise<void> | void,
  stopped: Stopped,
): Promise<PackResult> {
  if (options.split !== undefined) {
    const blocks = inBlocks(rebuiltArchive(root, options.split));
    return { ...(await squeeze(blocks, options.compression ?? "none", options.level, sink, stopped)), fileBytes: 0 };
  }
  const dir = openDir(root);
  try {
    const packer = new TreePacker(dir, options);
    const result = await squeeze(packer.run(), options.compression ?? "none", options.level, sink, stopped);
    return { ...result, fileBytes: packer.fileBytes };
  } finally {
    close(dir);
  }
}

/** {@link packTree} uncompressed; the digest of the archive is told where it is wanted. */
export async function streamTree(
  root: string,
  options: PackOptions,
  digest: boolean,
  sink: (block: Uint8Array) => Promise<void> | void,
  stopped: Stopped,
): Promise<string | null> {
  if (digest) return (await packTree(root, options, sink, stopped)).diffId;
  using undo = new DisposableStack();
  const blocks =
    options.split === undefined ? treeBlocks(root, options, undo) : inBlocks(rebuiltArchive(root, options.split));
  for await (const block of blocks) {
    checkStopped(stopped);
    await sink(block);
  }
  return null;
}

function treeBlocks(root: string, options: PackOptions, undo: DisposableStack): Iterable<Uint8Array> {
  const dir = openDir(root);
  undo.defer(() => close(dir));
  return new TreePacker(dir, options).run();
}

/** Pieces that are good for a moment only, gathered into blocks that stay. */
async function* inBlocks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const blocks = new BlockBuffer();
  for await (const piece of pieces) yield* blocks.push(piece);
  yield* blocks.flush();
}

/** Size of the uncompressed archive, without reading the files. */
export async function measureTree(root: string, options: PackOptions, stopped: Stopped): Promise<number> {
  if (options.split !== undefined) return measureRebuilt(options.split, stopped);
  const dir = openDir(root);
  try {
    return new TreePacker(dir, options).measure(stopped);
  } finally {
    close(dir);
  }
}

/** Packs a tree and extracts the archive at once into another, telling its digest. */
export async function transferTree(
  root: string,
  pack: PackOptions,
  target: string,
  extract: ExtractOptions,
  stopped: Stopped,
): Promise<PackResult> {
  const dir = openDir(target);
  try {
    using writer = new TreeWriter(dir, extract);
    const reader = new TarReader(writer);
    const result = await packTree(root, pack, (block) => reader.write(block), stopped);
    reader.end();
    writer.finish();
    return result;
  } finally {
    close(dir);
  }
}

/** Compresses a file (itself plain or compressed) anew into another. */
export async function recompressFile(
  source: string,
  file: string,
  compression: ArchiveCompression,
  level: number | undefined,
  stopped: Stopped,
): Promise<PackResult> {
  return toFile(file, async (sink) => ({
    ...(await squeeze(await plain(fileChunks(source), "auto"), compression, level, sink, stopped)),
    fileBytes: 0,
  }));
}

/** {@link packTree} into a new file. */
export async function packToFile(
  root: string,
  file: string,
  options: PackOptions,
  stopped: Stopped,
): Promise<PackResult> {
  return toFile(file, (sink) => packTree(root, options, sink, stopped));
}

async function squeeze(
  blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  compression: NonNullable<PackOptions["compression"]>,
  level: number | undefined,
  sink: (block: Uint8Array) => Promise<void> | void,
  stopped: Stopped,
): Promise<Omit<PackResult, "fileBytes">> {
  const inner = new Bun.CryptoHasher("sha256");
  const outer = compression === "none" ? inner : new Bun.CryptoHasher("sha256");
  let size = 0;
  let written = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const block of blocks) {
      checkStopped(stopped);
      inner.update(block);
      size += block.length;
      yield block;
    }
  }
  for await (const block of compression === "none" ? counted() : compress(counted(), compression, level)) {
    if (outer !== inner) outer.update(block);
    written += block.length;
    await sink(block);
  }
  const diffId = `sha256:${inner.digest("hex")}`;
  return { diffId, size, written, digest: outer === inner ? diffId : `sha256:${outer.digest("hex")}` };
}

async function toFile<T>(file: string, work: (sink: (block: Uint8Array) => Promise<void>) => Promise<T>): Promise<T> {
  const out = createWriteStream(file, { flags: "wx", mode: 0o600, flush: true });
  try {
    const result = await work(async (block) => {
      if (!out.write(block)) await once(out, "drain");
    });
    out.end();
    await once(out, "close");
    return result;
  } catch (error) {
    out.destroy();
    throw error;
  }
}
