import { type FileHandle, open } from "node:fs/promises";
import { hasCode } from "../../lib/errors.ts";
import { inode, logFiles } from "./files.ts";

/** A file of a log, open. Its owner closes the handle. */
export interface OpenLog {
  sequence: number;
  compressed: boolean;
  handle: FileHandle;
}

/** A place in a log: bytes of the file of that number, as it is uncompressed. */
export interface LogPosition {
  sequence: number;
  offset: number;
}

/** Opens the file of a number, wherever rotation and compression have put it by now. Null where it is gone. */
export async function openLog(path: string, sequence: number): Promise<OpenLog | null> {
  for (;;) {
    const file = find(path, sequence);
    if (file === undefined) return null;
    const handle = await openExisting(file.path);
    if (handle === null) continue;
    // A name with a number keeps its meaning; the live one may have come to mean the next file since.
    if (file.path !== path || inode(find(path, sequence)?.path ?? "") === (await handle.stat()).ino) {
      return { sequence, compressed: file.compressed, handle };
    }
    await handle.close();
  }
}

const find = (path: string, sequence: number) => logFiles(path).find((file) => file.sequence === sequence);

/** Where a log ends now. */
export async function endOfLog(path: string): Promise<LogPosition> {
  for (;;) {
    const newest = logFiles(path).at(-1);
    if (newest === undefined) return { sequence: 0, offset: 0 };
    const file = await openLog(path, newest.sequence);
    if (file === null) continue;
    try {
      return { sequence: file.sequence, offset: file.compressed ? Infinity : (await file.handle.stat()).size };
    } finally {
      await file.handle.close();
    }
  }
}

async function openExisting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}
