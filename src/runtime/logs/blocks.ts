import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { hasCode } from "../../lib/errors.ts";
import type { Changes } from "./changes.ts";
import { inode, logFiles } from "./files.ts";
import type { OpenLog } from "./open-log.ts";

const BLOCK = 64 * 1024;

/** What a reader that goes on with what is still to come watches. */
export interface Following {
  /** The live file. */
  path: string;
  changes: Changes;
  /** The writer has ended. */
  ended?: AbortSignal | undefined;
  /** The reader is gone. */
  signal?: AbortSignal | undefined;
}

/** The contents of a log's file from an offset on; where `following`, until the writer has gone on to another file. */
export function blocksOf(file: OpenLog, offset: number, following: Following | null): AsyncGenerator<Buffer> {
  return file.compressed ? blocksOfCompressed(file, offset) : blocksOfPlain(file, offset, following);
}

async function* blocksOfPlain(
  { handle, sequence }: OpenLog,
  offset: number,
  following: Following | null,
): AsyncGenerator<Buffer> {
  const { ino } = await handle.stat();
  for (let position = offset, leaving = false; ; ) {
    const block = Buffer.allocUnsafe(BLOCK);
    const { bytesRead } = await handle.read(block, 0, BLOCK, position);
    if (bytesRead > 0) {
      position += bytesRead;
      yield block.subarray(0, bytesRead);
      continue;
    }
    // Read once more after it is known that nobody writes here any more: the last output may have come since the last
    // read.
    if (leaving || following === null || following.signal?.aborted) return;
    const live = inode(following.path);
    const replaced =
      (live !== null && live !== ino) || logFiles(following.path).some((file) => file.sequence > sequence);
    if (replaced || following.ended?.aborted) leaving = true;
    else await following.changes.next();
  }
}

async function* blocksOfCompressed({ handle }: OpenLog, offset: number): AsyncGenerator<Buffer> {
  let skip = offset;
  // Errors of either stream come out of the loop below.
  const unpacked = pipeline(
    handle.createReadStream({ autoClose: false }),
    createGunzip({ chunkSize: BLOCK }),
    () => {},
  );
  try {
    for await (const block of unpacked) {
      const rest: Buffer = block.subarray(Math.min(skip, block.length));
      skip -= block.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  } catch (error) {
    // Cut off by a crash: what could be read was.
    if (!hasCode(error, "Z_BUF_ERROR", "Z_DATA_ERROR", "ERR_STREAM_PREMATURE_CLOSE")) throw error;
  } finally {
    unpacked.destroy();
  }
}
