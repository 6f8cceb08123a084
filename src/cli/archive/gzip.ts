import { createGzip } from "node:zlib";
import { Readable } from "node:stream";

/** The stream, compressed. */
export function gzip(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return Readable.from(chunks).pipe(createGzip());
}
