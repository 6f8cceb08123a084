import { decodeName } from "../lib/tar/names.ts";
import { close, O, openDir, openInRoot, readlinkAt, S, statAt } from "../linux/at.ts";
import { SystemError } from "../linux/syscall.ts";
import { baseOf, inside, parentOf } from "./source/path.ts";

const maxLinks = 40;

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

  /** Where a path leads that ends in a link, whether there is something or not. */
  follow(path: string): string {
    let at = path;
    for (let hops = 0; hops < maxLinks; hops++) {
      const link = this.#link(at);
      if (link === undefined) return at;
      at = inside(link.startsWith("/") ? link : `${parentOf(at)}/${link}`);
    }
    return path;
  }

  #link(path: string): string | undefined {
    let parent: number;
    try {
      parent = openInRoot(this.#root, parentOf(path), O.PATH | O.DIRECTORY);
    } catch (error) {
      if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code)) return undefined;
      throw error;
    }
    try {
      const name = baseOf(path);
      return name !== "" && ((statAt(parent, name)?.mode ?? 0) & S.IFMT) === S.IFLNK ? decodeName(readlinkAt(parent, name)) : undefined;
    } finally {
      close(parent);
    }
  }

  [Symbol.dispose](): void {
    close(this.#root);
  }
}
