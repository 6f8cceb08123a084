import { close, O, openDir, openInRoot, S, statAt } from "../linux/at.ts";
import { SystemError } from "../linux/syscall.ts";

/** What a mounted root filesystem has at paths inside it, links followed as if it were `/`. */
export class TargetRoot implements Disposable {
  readonly #root: number;

  constructor(root: string) {
    this.#root = openDir(root);
  }

  kind(path: string): "directory" | "other" | undefined {
    let fd: number;
    try {
      fd = openInRoot(this.#root, path, O.PATH);
    } catch (error) {
      if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code)) return undefined;
      throw error;
    }
    try {
      return ((statAt(fd, "")?.mode ?? 0) & S.IFMT) === S.IFDIR ? "directory" : "other";
    } finally {
      close(fd);
    }
  }

  [Symbol.dispose](): void {
    close(this.#root);
  }
}
