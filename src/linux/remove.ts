import { decodeName } from "../lib/tar/names.ts";
import { close, listDir, O, openDir, openSameMount, unlinkAt } from "./at.ts";
import { SystemError } from "./syscall.ts";

/**
 * Removes a thing and everything below it, without ever following a link or crossing into a mount (a mount point makes
 * it throw EXDEV, with what is mounted there untouched). Nothing there is fine. Synchronous: for trees of unknown size use it in a worker.
 */
export function removeTreeAt(dir: number, name: string): void {
  try {
    unlinkAt(dir, name);
    return;
  } catch (error) {
    if (!(error instanceof SystemError) || (error.code !== "EISDIR" && error.code !== "EPERM")) throw error;
  }
  const fd = openSameMount(dir, name, O.RDONLY | O.DIRECTORY);
  try {
    emptyDir(fd);
  } finally {
    close(fd);
  }
  unlinkAt(dir, name, true);
}

/** Removes what is in an open directory. */
export function emptyDir(fd: number): void {
  for (const name of listDir(fd, decodeName)) removeTreeAt(fd, name);
}

/** By absolute path. The parent must exist, or there is nothing to do. */
export function removeTree(path: string): void {
  const slash = path.lastIndexOf("/");
  let parent;
  try {
    parent = openDir(path.slice(0, slash) || "/");
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return;
    throw error;
  }
  try {
    removeTreeAt(parent, path.slice(slash + 1));
  } finally {
    close(parent);
  }
}
