import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { link as hardLink, rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { hasCode } from "../../lib/errors.ts";
import { inode, liveLink, liveName, logFiles, rotatedFiles, rotatedName } from "./files.ts";
import type { LogLimits } from "./limits.ts";

/** How long a monitor may take to open the new file before the rotation is left to the next round, in milliseconds. */
const REOPEN_PATIENCE = 2000;

/**
 * Puts the live file aside and has its writer go on in a new one (`reopen` asks for that). Nothing is lost: the writer
 * keeps to the renamed file until it has changed over. False where it does not change over in time (it is held up by a
 * client that does not read); the next round goes on from there.
 */
export async function rotateLog(path: string, reopen: () => Promise<void>): Promise<boolean> {
  await secureLive(path);
  const live = logFiles(path).at(-1);
  if (live?.path === path) {
    await rename(path, rotatedName(path, live.sequence));
    await rm(liveName(path, live.sequence), { force: true });
  }
  await reopen();
  for (const end = Date.now() + REOPEN_PATIENCE; !existsSync(path); ) {
    if (Date.now() > end) return false;
    await Bun.sleep(2);
  }
  await secureLive(path);
  return true;
}

/** Puts aside what the monitor has replaced by itself, and gives the live file its second name. */
export async function secureLive(path: string): Promise<void> {
  const link = liveLink(path);
  if (link !== null) {
    if (inode(link.path) === inode(path)) return;
    await rename(link.path, rotatedName(path, link.sequence));
  }
  const live = logFiles(path).at(-1);
  if (live?.path !== path) return;
  // Without a second name the number would start anew where nothing is kept aside.
  const sequence = Math.max(live.sequence, (link?.sequence ?? 0) + 1);
  try {
    await hardLink(path, liveName(path, sequence));
  } catch (error) {
    if (!hasCode(error, "EEXIST", "ENOENT")) throw error;
  }
}

/**
 * Removes what is too much of what was put aside and compresses the rest, one file after the other. The live file must
 * exist: without it the newest file is still being written to.
 */
export async function tidyRotated(
  path: string,
  { maxFiles, compress }: LogLimits,
  signal?: AbortSignal,
): Promise<void> {
  for (const file of rotatedFiles(path).slice(0, -(maxFiles - 1) || undefined)) await rm(file.path, { force: true });
  if (!compress) return;
  for (;;) {
    const plain = rotatedFiles(path).findLast((file) => !file.compressed);
    if (plain === undefined || signal?.aborted) return;
    await compressFile(plain.path, { mode: 0o600, ...(signal && { signal }) });
    // New ones may have come in the meantime.
    for (const file of rotatedFiles(path).slice(0, -(maxFiles - 1) || undefined)) await rm(file.path, { force: true });
  }
}

/** Puts `.gz` in the place of a file. One that is gone is none to compress. */
export async function compressFile(
  path: string,
  { mode, signal }: { mode: number; signal?: AbortSignal },
): Promise<void> {
  const partial = `${path}.gz.part`;
  try {
    await pipeline(createReadStream(path), createGzip({ level: 3 }), createWriteStream(partial, { mode }), {
      ...(signal && { signal }),
    });
    await rename(partial, `${path}.gz`);
    await rm(path, { force: true });
  } catch (error) {
    await rm(partial, { force: true });
    // Removed while it was read: too old by then.
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
