import { close, openDir } from "./at.ts";
import { check, libc } from "./syscall.ts";

/** syncfs(2): waits until everything written to the filesystem of this directory is on disk. */
export function syncFilesystem(path: string): void {
  const fd = openDir(path);
  try {
    check(libc.syncfs(fd), "syncfs", path);
  } finally {
    close(fd);
  }
}
