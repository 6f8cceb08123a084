import { chownAt, close, mkdirAt, O, openAt, openInRoot } from "../at.ts";
import type { Ids } from "../id-maps.ts";
import { SystemError } from "../syscall.ts";
import { baseOf, parentOf } from "./path.ts";

/**
 * Open directories of the tree under work, by path, so that the files of one directory need one walk in all. Paths are
 * relative to the root, without `.`, `..` or empty parts; links in them resolve inside the root. Descriptors belong to
 * this object and are good until a few hundred further calls, or the next `forget`.
 */
export class Parents implements Disposable {
  readonly #open = new Map<string, number>();

  /** `made` is told of directories that had to be created because nothing described them. They are `owner`'s. */
  constructor(
    readonly root: number,
    private readonly made: (path: string) => void,
    private readonly owner?: Ids,
    private readonly limit = 256,
  ) {}

  /** The directory at `path`; throws ENOENT where it is missing. */
  find(path: string): number {
    if (path === "") return this.root;
    const known = this.#open.get(path);
    if (known === undefined) return this.put(path, openInRoot(this.root, path, O.RDONLY | O.DIRECTORY));
    this.#open.delete(path);
    this.#open.set(path, known);
    return known;
  }

  /** The directory at `path`, made with its own parents where it is missing. */
  get(path: string): number {
    try {
      return this.find(path);
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== "ENOENT") throw error;
    }
    const parent = this.get(parentOf(path));
    try {
      mkdirAt(parent, baseOf(path), 0o755);
      if (this.owner) chownAt(parent, baseOf(path), this.owner.uid, this.owner.gid);
      this.made(path);
    } catch (error) {
      // A link to nowhere stands there: as with Docker, an error rather than a replacement.
      if (!(error instanceof SystemError) || error.code !== "EEXIST") throw error;
      return this.find(path);
    }
    return this.put(path, openAt(parent, baseOf(path), O.RDONLY | O.DIRECTORY));
  }

  /** Takes over a descriptor that the caller has opened. */
  put(path: string, fd: number): number {
    const before = this.#open.get(path);
    if (before !== undefined) close(before);
    this.#open.delete(path);
    this.#open.set(path, fd);
    if (this.#open.size > this.limit) {
      const [oldest] = this.#open;
      if (oldest) {
        close(oldest[1]);
        this.#open.delete(oldest[0]);
      }
    }
    return fd;
  }

  /** To be called when something in the directory `keep` was replaced: what other paths mean may have changed. */
  forget(keep?: string): void {
    for (const [path, fd] of this.#open) {
      if (path === keep) continue;
      close(fd);
      this.#open.delete(path);
    }
  }

  [Symbol.dispose](): void {
    this.forget();
  }
}
