import { Readable } from "node:stream";
import { createGzip } from "node:zlib";

/** The stream, compressed. */
export function gzip(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return Readable.from(chunks).pipe(createGzip());
}
