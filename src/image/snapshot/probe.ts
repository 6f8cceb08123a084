import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mountOverlay } from "../../linux/overlay.ts";
import { unmountAll } from "../../linux/unmount.ts";

/** Tries whether overlayfs works with upper directories on the filesystem of `root`: a merged read and a deletion. */
export function overlayWorks(root: string): boolean {
  let scratch;
  try {
    mkdirSync(root, { recursive: true });
    scratch = mkdtempSync(join(root, ".probe-"));
  } catch {
    return false;
  }
  return tryOverlay(scratch);
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
  } catch {
    return false;
  } finally {
    if (target) unmountAll(target);
    rmSync(scratch, { recursive: true, force: true });
  }
}
