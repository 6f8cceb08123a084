import { open } from "node:fs/promises";
import type { TarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { type ListOptions, listDirectory } from "./list.ts";

/**
 * A directory's content as a tar archive, produced as it is taken. With a `prefix` it is one part of another and has no
 * end of its own.
 */
export async function* packDirectory(root: string, options: ListOptions = {}): AsyncGenerator<Uint8Array> {
  for (const { entry, file } of listDirectory(root, options)) {
    if (file === undefined) yield encodeHeader(entry);
    else yield* packFile(file, entry);
  }
  if (options.prefix === undefined) yield endOfArchive();
}

/** Header and content; a file that grows or shrinks meanwhile is cut or filled with zeros to the size it began with. */
export async function* packFile(path: string, entry: TarEntry): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  yield encodeHeader(entry);
  let left = entry.size;
  while (left > 0) {
    const buffer = Buffer.allocUnsafe(Math.min(left, 1 << 18));
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    const chunk = bytesRead === 0 ? buffer.fill(0) : buffer.subarray(0, bytesRead);
    left -= chunk.length;
    yield chunk;
  }
  yield padding(entry.size);
}
