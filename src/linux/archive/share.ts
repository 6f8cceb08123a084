import type { TarEntry } from "../../lib/tar/entry.ts";
import { cloneFile, close, linkAt, O, openAt, openDir, S, statAt, unlinkAt } from "../at.ts";
import { SystemError } from "../syscall.ts";
import { getXattr, listXattrs } from "../xattr.ts";
import { applyToFd } from "./attributes.ts";
import type { ShareOptions } from "./options.ts";
import { Parents } from "./parents.ts";
import { baseOf, parentOf } from "./path.ts";

/** Attributes of a file that are no content: its label here, and overlayfs's note of where it was copied from. */
const ofTheMachine: ReadonlySet<string> = new Set(["security.selinux", "trusted.overlay.origin"]);

/**
 * Puts files of another tree into one that is being unpacked, without writing their content again: as clones, which
 * have blocks in common until one of them is written to, or as further names of the same file. What the filesystem
 * refuses once is not tried again.
 */
export class FileSharing implements Disposable {
  /** Bytes of the files that were shared. */
  bytes = 0;
  readonly #root: number;
  readonly #folders: Parents;
  #clones: boolean;
  #links: boolean;

  constructor(
    { tree, clones, links }: ShareOptions,
    /** Overlayfs's own attributes are taken. */
    private readonly overlay?: boolean,
  ) {
    this.#root = openDir(tree);
    this.#folders = new Parents(this.#root, () => {});
    this.#clones = clones;
    this.#links = links;
  }

  /** False where it has to be written. Throws EEXIST where something has the name. */
  put(path: string, entry: TarEntry, dir: number, name: string): boolean {
    if (entry.sparse || entry.size === 0 || !(this.#clones || this.#links)) return false;
    const from = this.#folder(parentOf(path));
    if (from === undefined) return false;
    const done = this.#clone(from, baseOf(path), entry, dir, name) || this.#link(from, baseOf(path), entry, dir, name);
    if (done) this.bytes += entry.size;
    return done;
  }

  [Symbol.dispose](): void {
    this.#folders[Symbol.dispose]();
    close(this.#root);
  }

  #folder(path: string): number | undefined {
    try {
      return this.#folders.find(path);
    } catch (error) {
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }

  #clone(from: number, source: string, entry: TarEntry, dir: number, name: string): boolean {
    if (!this.#clones) return false;
    const stat = statAt(from, source);
    if (!stat || (stat.mode & S.IFMT) !== S.IFREG || stat.size !== entry.size) return false;
    const input = openAt(from, source, O.RDONLY | O.NONBLOCK);
    try {
      const output = openAt(dir, name, O.WRONLY | O.CREAT | O.EXCL, 0o600);
      try {
        this.#clones = cloneFile(input, output);
        if (this.#clones) applyToFd(output, entry, { times: true, overlay: this.overlay });
      } finally {
        close(output);
      }
      if (!this.#clones) unlinkAt(dir, name);
      return this.#clones;
    } finally {
      close(input);
    }
  }

  #link(from: number, source: string, entry: TarEntry, dir: number, name: string): boolean {
    if (!this.#links || !isAsTold(from, source, entry)) return false;
    try {
      linkAt(from, source, dir, name);
      return true;
    } catch (error) {
      if (!(error instanceof SystemError) || error.code === "EEXIST") throw error;
      // EMLINK is about this one file.
      if (error.code !== "EMLINK") this.#links = false;
      return false;
    }
  }
}

/** Whether a file has owner, mode, time and attributes of the entry. Layers that were made here have whole seconds. */
function isAsTold(dir: number, name: string, entry: TarEntry): boolean {
  const stat = statAt(dir, name);
  if (!stat || (stat.mode & S.IFMT) !== S.IFREG || stat.size !== entry.size) return false;
  if ((stat.mode & 0o7777) !== entry.mode || stat.uid !== entry.uid || stat.gid !== entry.gid) return false;
  if (stat.mtime !== entry.mtime) return false;
  const path = `/proc/self/fd/${dir}/${name}`;
  const found = listXattrs(path).filter((key) => !ofTheMachine.has(key));
  const told = entry.xattrs ?? new Map<string, Uint8Array>();
  if (found.length !== told.size) return false;
  return found.every((key) => {
    const [value, wanted] = [getXattr(path, key), told.get(key)];
    return value !== undefined && wanted !== undefined && Buffer.compare(value, wanted) === 0;
  });
}
