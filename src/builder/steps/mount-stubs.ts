import { close, O, openDir, openInRoot, S, statAt, unlinkAt } from "../../linux/at.ts";
import { SystemError } from "../../linux/syscall.ts";
import { baseOf, inside, parentOf } from "../source/path.ts";

/**
 * Mount points that a root filesystem lacks before a step runs, so that what the runtime made for them can go
 * afterwards: empty files and empty directories, nothing else.
 */
export class Stubs {
  readonly #missing: string[] = [];

  constructor(
    private readonly root: string,
    paths: readonly string[],
  ) {
    const fd = openDir(root);
    try {
      for (const path of paths) {
        for (let at = inside(path); at !== ""; at = parentOf(at)) {
          if (exists(fd, at)) break;
          if (!this.#missing.includes(at)) this.#missing.push(at);
        }
      }
    } finally {
      close(fd);
    }
    // Children before their parents.
    this.#missing.sort((a, b) => b.split("/").length - a.split("/").length);
  }

  remove(): void {
    const fd = openDir(this.root);
    try {
      for (const path of this.#missing) removeEmpty(fd, path);
    } finally {
      close(fd);
    }
  }
}

function exists(root: number, path: string): boolean {
  const dir = openParent(root, path);
  if (dir === undefined) return false;
  try {
    return statAt(dir, baseOf(path)) !== undefined;
  } finally {
    close(dir);
  }
}

function removeEmpty(root: number, path: string): void {
  const dir = openParent(root, path);
  if (dir === undefined) return;
  try {
    const name = baseOf(path);
    const stat = statAt(dir, name);
    const kind = (stat?.mode ?? 0) & S.IFMT;
    if (kind === S.IFDIR) unlinkAt(dir, name, true);
    else if (kind === S.IFREG && stat?.size === 0) unlinkAt(dir, name);
  } catch (error) {
    // The step put something there: it stays.
    if (!(error instanceof SystemError && error.code === "ENOTEMPTY")) throw error;
  } finally {
    close(dir);
  }
}

function openParent(root: number, path: string): number | undefined {
  try {
    return openInRoot(root, parentOf(path), O.PATH | O.DIRECTORY);
  } catch (error) {
    if (error instanceof SystemError && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code)) return undefined;
    throw error;
  }
}
