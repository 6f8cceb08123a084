import { Breath } from "../../lib/breath.ts";
import { invalid } from "../../lib/errors.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { inside, parentOf } from "./path.ts";
import type { SourceEntry } from "./tree.ts";

/** The names of a context, and what is behind each (`E`: with where its content is). */
export class EntryTable<E extends SourceEntry> {
  /** What no sender tells the time of is as old as the table. */
  readonly #mtime = Math.floor(Date.now() / 1000);
  readonly #entries = new Map<string, E>();
  readonly #children = new Map<string, Set<string>>([["", new Set()]]);

  /** `folder`: an entry for a directory that is only implied by what is in it. */
  constructor(private readonly folder: (entry: SourceEntry) => E) {}

  get size(): number {
    return this.#entries.size;
  }

  values(): IteratorObject<E> {
    return this.#entries.values();
  }

  get(path: string): E | undefined {
    return this.#entries.get(path);
  }

  entry(path: string): SourceEntry | undefined {
    return path === ""
      ? tarEntry({ name: "", type: "directory", mode: 0o755, mtime: this.#mtime })
      : this.#entries.get(path);
  }

  children(path: string): string[] {
    return [...(this.#children.get(path) ?? [])].sort();
  }

  /** Drops what `ignored` names, but for folders that still hold something. */
  async exclude(ignored: (path: string) => boolean, signal: AbortSignal): Promise<void> {
    const breath = new Breath();
    for (const path of [...this.#entries.keys()]) {
      if (breath.due) await breath.take(signal);
      if (!ignored(path)) continue;
      // A folder comes before what is in it: it goes with the last of that.
      for (let each = path; each !== "" && !this.#holds(each) && ignored(each); each = parentOf(each))
        this.#forget(each);
    }
  }

  /**
   * A hard link has no content of its own in an archive: it becomes a second name of what it links to, and both know
   * it.
   */
  keep(path: string, held: E): void {
    let kept = held;
    if (held.type === "link") {
      const target = this.#entries.get(inside(held.linkName));
      if (target?.type !== "file")
        throw invalid(
          `the build context has a hard link ${JSON.stringify(path)} to ${JSON.stringify(held.linkName)}, ` +
            "which it does not have",
        );
      target.inode ??= inside(held.linkName);
      kept = { ...target };
    }
    for (let child = path, parent = parentOf(path); ; child = parent, parent = parentOf(parent)) {
      const siblings = this.#children.get(parent);
      const name = parent ? child.slice(parent.length + 1) : child;
      if (siblings) {
        siblings.add(name);
        break;
      }
      this.#children.set(parent, new Set([name]));
      if (parent === "") break;
      if (this.#entries.get(parent)?.type !== "directory")
        this.#entries.set(
          parent,
          this.folder(tarEntry({ name: parent, type: "directory", mode: 0o755, mtime: this.#mtime })),
        );
    }
    if (kept.type === "directory" && !this.#children.has(path)) this.#children.set(path, new Set());
    if (kept.type !== "directory") for (const name of this.#children.get(path) ?? []) this.#forget(`${path}/${name}`);
    if (kept.type !== "directory") this.#children.delete(path);
    this.#entries.set(path, kept);
  }

  #holds(path: string): boolean {
    return (this.#children.get(path)?.size ?? 0) > 0;
  }

  #forget(path: string): void {
    for (const name of this.#children.get(path) ?? []) this.#forget(`${path}/${name}`);
    this.#children.delete(path);
    this.#entries.delete(path);
    const parent = parentOf(path);
    this.#children.get(parent)?.delete(parent ? path.slice(parent.length + 1) : path);
  }
}
