import { invalid } from "../../lib/errors.ts";
import type { EntryType } from "../../lib/tar/entry.ts";
import { decodeName } from "../../lib/tar/names.ts";
import { close, O, openDir, openInRoot, readlinkAt, S, statAt } from "../../linux/at.ts";
import { SystemError } from "../../linux/syscall.ts";
import { listXattrs } from "../../linux/xattr.ts";
import { type CopyTarget, type Standing, TargetInTheWay } from "../source/copy-plan.ts";
import type { Below } from "../source/layer-items.ts";
import { baseOf, parentOf } from "../source/path.ts";

const maxLinks = 255;
const types = new Map<number, EntryType>([
  [S.IFDIR, "directory"],
  [S.IFLNK, "symlink"],
]);

/** What a mounted root filesystem has at paths inside it. */
export class TargetRoot implements CopyTarget, Disposable {
  readonly #root: number;

  constructor(root: string) {
    this.#root = openDir(root);
  }

  /** Throws {@link TargetInTheWay} where the way leads through something that is no directory. */
  follow(path: string): string {
    let pending = path.split("/");
    let at = "";
    let links = 0;
    while (pending.length > 0) {
      const part = pending.shift() ?? "";
      if (part === "" || part === ".") continue;
      if (part === "..") {
        at = parentOf(at);
        continue;
      }
      const next = at ? `${at}/${part}` : part;
      const found = this.#look(next);
      if (found?.link !== undefined) {
        if (++links > maxLinks) throw invalid(`/${path}: too many links`);
        if (found.link.startsWith("/")) at = "";
        pending = [...found.link.split("/"), ...pending];
        continue;
      }
      const further = pending.find((each) => each !== "" && each !== ".");
      if (found && found.type !== "directory" && further !== undefined)
        throw new TargetInTheWay(next, `lstat /${next}/${further}: not a directory`);
      at = next;
    }
    return at;
  }

  at(path: string): Standing | undefined {
    return this.#look(path);
  }

  /** What stands there as it has to come along into a layer: as {@link layerItems} asks. */
  below(path: string): Below | undefined {
    const parent = this.#open(parentOf(path));
    if (parent === undefined) return undefined;
    try {
      const name = baseOf(path);
      const stat = statAt(parent, name);
      if (!stat) return undefined;
      const isDirectory = (stat.mode & S.IFMT) === S.IFDIR;
      return {
        directory: isDirectory,
        extended: isDirectory && listXattrs(`/proc/self/fd/${parent}/${name}`).length > 0,
        mode: stat.mode & 0o7777,
        uid: stat.uid,
        gid: stat.gid,
        mtime: stat.mtime,
        mtimeNanos: stat.mtimeNanos,
      };
    } finally {
      close(parent);
    }
  }

  #look(path: string): (Standing & { link?: string }) | undefined {
    const parent = this.#open(parentOf(path));
    if (parent === undefined) return undefined;
    try {
      const name = baseOf(path);
      const stat = statAt(parent, name);
      if (!stat) return undefined;
      const type = types.get(stat.mode & S.IFMT) ?? "file";
      return {
        type,
        mode: stat.mode & 0o7777,
        uid: stat.uid,
        gid: stat.gid,
        ...(type === "symlink" && { link: decodeName(readlinkAt(parent, name)) }),
      };
    } finally {
      close(parent);
    }
  }

  #open(path: string): number | undefined {
    try {
      return openInRoot(this.#root, path, O.PATH | O.DIRECTORY);
    } catch (error) {
      if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code)) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    close(this.#root);
  }
}
