import { decodeName } from "../../lib/tar/names.ts";
import { close, listDir, O, openAt, openDir, S, statAt } from "../at.ts";
import { SystemError } from "../syscall.ts";
import type { TreeItem } from "./options.ts";

/** What is done at once: to hand it to a worker takes longer than the work. */
const most = { things: 64, bytes: 256 * 1024 };

/** Whether a tree is so small that it is packed on the spot, without a worker. */
export function isSmallTree(root: string): boolean {
  const left = { ...most };
  const fits = (dir: number): boolean => {
    for (const name of listDir(dir, decodeName)) {
      const stat = statAt(dir, name);
      if (!stat) continue;
      left.bytes -= stat.size;
      if (--left.things < 0 || left.bytes < 0) return false;
      if ((stat.mode & S.IFMT) === S.IFDIR && !within(openAt(dir, name, O.RDONLY | O.DIRECTORY), fits)) return false;
    }
    return true;
  };
  try {
    // A directory of very many names is long itself: it is not even listed.
    return within(openDir(root), (dir) => (statAt(dir, ".")?.size ?? 0) <= most.bytes && fits(dir));
  } catch (error) {
    // Who does the work says what is wrong.
    if (error instanceof SystemError) return false;
    throw error;
  }
}

/** The same of a tree that is to be made. */
export function areFew(items: readonly TreeItem[]): boolean {
  return items.length <= most.things && items.reduce((sum, { size }) => sum + size, 0) <= most.bytes;
}

function within(dir: number, work: (dir: number) => boolean): boolean {
  try {
    return work(dir);
  } finally {
    close(dir);
  }
}
