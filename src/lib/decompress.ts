import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { ZstdFrames } from "./zstd-frames.ts";

/** How a stream is compressed. */
export type Packing = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/** What the first bytes of a stream say. Six are enough; with fewer the answer may be `none`. */
export function detectPacking(head: Uint8Array): Packing {
  const starts = (...magic: number[]) => magic.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b)) return "gzip";
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if (starts(0x42, 0x5a, 0x68)) return "bzip2";
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return "none";
}

/** Output blocks: each costs a turn of the event loop; what fits the cache is read twice at no cost. */
const chunkSize = 256 * 1024;

/**
 * The content of a compressed stream. Works on another thread while the reader handles the block before. Chunks may be
 * of any size. Fails where the stream is cut short or broken.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  packing: "none" | "gzip" | "zstd",
): AsyncGenerator<Uint8Array> {
  if (packing === "none") {
    yield* source;
    return;
  }
  const engine = packing === "gzip" ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  // An error of the source destroys the engine and comes out of the loop below.
  pipeline(packing === "zstd" ? wholeFrames(source) : source, engine, () => {});
  for await (const chunk of engine) yield chunk;
}

async function* wholeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  for await (const chunk of source) {
    frames.push(chunk);
    yield chunk;
  }
  frames.end();
}

/**
 * Splits off enough of a stream to know how it is packed, and gives the whole of it back. `head`: what was split off.
 */
export async function sniffPacking(
  source: AsyncIterable<Uint8Array>,
): Promise<{ packing: Packing; head: Uint8Array; stream: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  while (length < 6) {
    const next = await iterator.next();
    if (next.done) break;
    held.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(held);
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* held;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { packing: detectPacking(head), head, stream: whole() };
}
