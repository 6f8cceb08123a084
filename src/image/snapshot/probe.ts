import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../lib/errors.ts";
import { mountOverlay } from "../../linux/overlay.ts";
import { unmountAll } from "../../linux/unmount.ts";

/**
 * Tries whether overlayfs works with upper directories on the filesystem of `root`: a merged read and a deletion.
 * Throws where the disk is full, which says nothing of the filesystem.
 */
export function overlayWorks(root: string): boolean {
  let scratch;
  try {
    mkdirSync(root, { recursive: true });
    scratch = mkdtempSync(join(root, ".probe-"));
    return tryOverlay(scratch);
  } catch (error) {
    if (hasCode(error, "ENOSPC", "EDQUOT")) throw error;
    return false;
  } finally {
    if (scratch) rmSync(scratch, { recursive: true, force: true });
  }
}

function tryOverlay(scratch: string): boolean {
  const [lower, upper, work, target] = ["lower", "upper", "work", "merged"].map((name) => {
    const path = join(scratch, name);
    mkdirSync(path);
    return path;
  });
  try {
    if (!lower || !upper || !work || !target) return false;
    writeFileSync(join(lower, "file"), "");
    // Volatile, else the unmount writes out the whole filesystem.
    mountOverlay({ lowers: [lower], writable: { upper, work }, target, volatile: true });
    rmSync(join(target, "file"));
    return !existsSync(join(target, "file"));
  } finally {
    if (target) unmountAll(target);
  }
}
