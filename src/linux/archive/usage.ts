import { decodeName } from "../../lib/tar/names.ts";
import { close, listDir, O, openAt, openDir, S, statAt } from "../at.ts";
import { checkStopped, type Stopped } from "./stop.ts";

/** Bytes of the files in a tree as they read, each inode once, directories not counted (Docker's measure). */
export function treeUsage(path: string, stopped: Stopped): { bytes: number; inodes: number } {
  const total = { bytes: 0, inodes: 0 };
  const seen = new Set<string>();
  const walk = (fd: number): void => {
    checkStopped(stopped);
    for (const name of listDir(fd, decodeName)) {
      const stat = statAt(fd, name);
      if (!stat) continue;
      total.inodes++;
      if ((stat.mode & S.IFMT) !== S.IFDIR) {
        const key = stat.nlink > 1 ? `${stat.dev} ${stat.ino}` : "";
        if (key && seen.has(key)) continue;
        if (key) seen.add(key);
        total.bytes += stat.size;
        continue;
      }
      const child = openAt(fd, name, O.RDONLY | O.DIRECTORY);
      try {
        walk(child);
      } finally {
        close(child);
      }
    }
  };
  const root = openDir(path);
  try {
    walk(root);
  } finally {
    close(root);
  }
  return total;
}
