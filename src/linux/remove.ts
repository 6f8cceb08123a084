import { hasCode } from "../lib/errors.ts";
import { decodeName } from "../lib/tar/names.ts";
import { close, listDir, O, openDir, openSameMount, unlinkAt } from "./at.ts";

/** How many things may still be removed. */
interface Budget {
  left: number;
}

/**
 * Removes a thing and everything below it, without ever following a link or crossing into a mount (a mount point makes
 * it throw EXDEV, with what is mounted there untouched). Nothing there is fine, and so is somebody else who removes the
 * same. Synchronous: for trees of unknown size use it in a worker.
 */
export function removeTreeAt(dir: number, name: string): void {
  removeWithin(dir, name, { left: Infinity });
}

/** {@link removeTreeAt} by absolute path. The parent must exist, or there is nothing to do. */
export function removeTree(path: string): void {
  removePath(path, { left: Infinity });
}

/**
 * Removes a tree by absolute path if it has at most `limit` things in it, which takes no longer than handing the work
 * to a worker. Returns false where there are more; some of them may be gone then.
 */
export function removeSmallTree(path: string, limit: number): boolean {
  return removePath(path, { left: limit });
}

function removePath(path: string, budget: Budget): boolean {
  const slash = path.lastIndexOf("/");
  const parent = unlessGone(() => openDir(path.slice(0, slash) || "/"), null);
  if (parent === null) return true;
  try {
    return removeWithin(parent, path.slice(slash + 1), budget);
  } finally {
    close(parent);
  }
}

/** False where the budget ended it. */
function removeWithin(dir: number, name: string, budget: Budget): boolean {
  try {
    unlinkAt(dir, name);
    return true;
  } catch (error) {
    if (!hasCode(error, "EISDIR", "EPERM")) throw error;
  }
  const fd = unlessGone(() => openSameMount(dir, name, O.RDONLY | O.DIRECTORY), null);
  if (fd === null) return true;
  try {
    if (!emptyWithin(fd, budget)) return false;
  } finally {
    close(fd);
  }
  unlinkAt(dir, name, true);
  return true;
}

function emptyWithin(fd: number, budget: Budget): boolean {
  const names = unlessGone(() => listDir(fd, decodeName), []);
  budget.left -= names.length;
  return budget.left >= 0 && names.every((name) => removeWithin(fd, name, budget));
}

/** What `work` gives; `gone` where the thing it is about has been removed meanwhile. */
function unlessGone<T>(work: () => T, gone: T): T {
  try {
    return work();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return gone;
    throw error;
  }
}
