import { writev } from "node:fs";
import { open } from "node:fs/promises";
import type { HashState } from "./sessions.ts";

/** Bytes gathered before they are written: few system calls, and at most twice as much memory for an upload. */
const batchBytes = 256 * 1024;

/** How far writing came. */
export interface WriteResult {
  /** Bytes in the file now. */
  offset: number;
  /** Set where the stream broke: everything before it is in the file. */
  error?: unknown;
}

/**
 * Appends a stream to a file at `state.offset`, hashing as it goes; whatever the file held beyond is cut off. The next
 * batch is read and hashed while the last one is written, and no more: a slow disk slows the sender. `check(offset)`
 * may throw to stop; `progress(written)` hears of what can be read from the file. A stream that ends in an error is not
 * thrown but returned.
 */
export async function writeStream(
  file: string,
  state: HashState,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  check: (offset: number) => void,
  progress?: (written: number) => void,
): Promise<WriteResult> {
  await using handle = await open(file, state.offset === 0 ? "w" : "r+");
  await handle.truncate(state.offset);
  let written = state.offset;
  let batch: Uint8Array[] = [];
  let batched = 0;
  let writing: Promise<void> | undefined;
  const flush = async () => {
    await writing;
    if (batched === 0) return;
    const chunks = batch;
    const position = written;
    written += batched;
    batch = [];
    batched = 0;
    const end = written;
    writing = writeAll(handle.fd, chunks, position).then(() => {
      chunks.forEach(letGo);
      progress?.(end);
    });
    // It is awaited by the next flush; a failure in between must not count as unhandled.
    writing.catch(() => {});
  };
  let failure: { error: unknown } | undefined;
  const stream = Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]();
  try {
    while (true) {
      const next = await nextChunk(stream);
      if ("error" in next) {
        failure = next;
        break;
      }
      if (next.done) break;
      check(state.offset + next.chunk.length);
      state.hasher.update(next.chunk);
      state.offset += next.chunk.length;
      batch.push(next.chunk);
      batched += next.chunk.length;
      if (batched >= batchBytes) await flush();
    }
  } catch (error) {
    await stream.return?.();
    await writing?.catch(() => {});
    throw error;
  }
  await flush();
  await writing;
  return { offset: written, ...failure };
}

/** Gives memory back at once that a collection of garbage would find much later; what others look at as well stays. */
function letGo({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

type Next = { done: true } | { done: false; chunk: Uint8Array } | { error: unknown };

/** Keeps errors of the stream apart from those of the disk. */
async function nextChunk(stream: AsyncIterator<Uint8Array> | Iterator<Uint8Array>): Promise<Next> {
  try {
    const { done, value } = await stream.next();
    return done ? { done: true } : { done: false, chunk: value };
  } catch (error) {
    return { error };
  }
}

/** `writev` until everything is written; the system may take less at a time. */
async function writeAll(fd: number, chunks: Uint8Array[], position: number): Promise<void> {
  let rest = chunks;
  let at = position;
  while (rest.length > 0) {
    const count = await new Promise<number>((resolve, reject) => {
      writev(fd, rest, at, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    });
    at += count;
    rest = dropBytes(rest, count);
  }
}

/** What is left of the chunks without their first `count` bytes. No byte is copied, and `chunks` is not changed. */
export function dropBytes(chunks: Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let index = 0;
  while (index < chunks.length && (chunks[index]?.length ?? 0) <= left) left -= chunks[index++]?.length ?? 0;
  const rest = chunks.slice(index);
  if (left > 0 && rest[0]) rest[0] = rest[0].subarray(left);
  return rest;
}

/** Hashes the first `size` bytes of a file; where that is none, the file need not be there. */
export async function hashFile(file: string, algorithm: "sha256" | "sha512", size: number): Promise<HashState> {
  const hasher = new Bun.CryptoHasher(algorithm);
  let offset = 0;
  if (size === 0) return { hasher, offset };
  for await (const chunk of Bun.file(file).slice(0, size).stream()) {
    hasher.update(chunk);
    offset += chunk.length;
  }
  return { hasher, offset };
}
