import { createReadStream } from "node:fs";
import { decompress, type Packing, sniffPacking } from "../../lib/decompress.ts";
import { TarError } from "../../lib/tar/entry.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import { close, openDir } from "../at.ts";
import { check, libc } from "../syscall.ts";
import type { ExtractOptions, ExtractResult } from "./options.ts";
import { checkStopped, type Stopped } from "./stop.ts";
import { TreeWriter } from "./tree-writer.ts";

/** Reads a file in big pieces, ahead of who takes them. */
export function fileChunks(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1 << 20 });
}

/** Extracts a whole archive on this thread; see {@link ExtractOptions}. `stopped` is asked between blocks. */
export async function extractTree(
  source: AsyncIterable<Uint8Array>,
  root: string,
  options: ExtractOptions,
  stopped: Stopped,
): Promise<ExtractResult> {
  const dir = openDir(root);
  try {
    using writer = new TreeWriter(dir, options);
    const reader = new TarReader(writer);
    const hash = options.digest ? new Bun.CryptoHasher("sha256") : undefined;
    for await (const chunk of await plain(source, options.compression ?? "auto")) {
      checkStopped(stopped);
      hash?.update(chunk);
      reader.write(chunk);
    }
    reader.end();
    const result = writer.finish();
    if (options.sync) check(libc.syncfs(dir), "syncfs", root);
    return hash ? { ...result, diffId: `sha256:${hash.digest("hex")}` } : result;
  } finally {
    close(dir);
  }
}

/** The stream, uncompressed where it was compressed. */
export async function plain(
  source: AsyncIterable<Uint8Array>,
  compression: "auto" | "none" | "gzip" | "zstd",
): Promise<AsyncIterable<Uint8Array>> {
  if (compression !== "auto") return decompress(source, compression);
  const { packing, stream } = await sniffPacking(source);
  return decompress(stream, supported(packing));
}

function supported(packing: Packing): "none" | "gzip" | "zstd" {
  if (packing === "bzip2" || packing === "xz")
    throw new TarError(`archives compressed with ${packing} must be unpacked by a filter first`);
  return packing;
}
