import type { IndexEntry } from "../../api/build-context.ts";
import { invalid } from "../../lib/errors.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { maxEntries } from "./context-archive.ts";
import type { ContentStore } from "./content-store.ts";
import { EntryTable } from "./entry-table.ts";
import { escapes, inside } from "./path.ts";
import type { SourceEntry, SourceTree } from "./tree.ts";

interface Held extends SourceEntry {
  /** Place in the index. */
  number: number;
  digest: string;
}

/** Somebody who waits for content, and how much of it is still to come. */
interface Waiter {
  missing: Set<string>;
  resolve(): void;
  reject(error: unknown): void;
}

/** A build context of which only the index has come: content is asked for when a step takes it. */
export class IndexedContext implements SourceTree {
  readonly #entries = new EntryTable<Held>((entry) => ({ ...entry, number: -1, digest: "" }));
  readonly #asked = new Set<string>();
  readonly #waiters = new Set<Waiter>();
  #unsent: number[] = [];
  #ask: ((entries: number[]) => void) | undefined;
  #failure: { error: unknown } | undefined;

  /** Throws `invalid` for names that lead out of the context. */
  constructor(private readonly index: readonly IndexEntry[], private readonly store: ContentStore) {
    if (index.length > maxEntries) throw invalid(`the build context has more than ${maxEntries} files`);
    index.forEach((each, number) => {
      const path = inside(each.path);
      if (path === "" || escapes(each.path)) throw invalid(`the build context names ${JSON.stringify(each.path)}, which is outside of it`);
      const entry = tarEntry({ name: path, type: each.type, mode: each.mode, mtime: each.mtime, size: each.type === "file" ? each.size ?? 0 : 0, linkName: each.link ?? "" });
      this.#entries.keep(path, { ...entry, number, digest: each.digest ?? "" });
    });
  }

  entry(path: string): SourceEntry | undefined {
    return this.#entries.entry(path);
  }

  children(path: string): string[] {
    return this.#entries.children(path);
  }

  digest(path: string): string | undefined {
    return this.#entries.get(path)?.digest;
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    await this.ready([path]);
    const held = this.#entries.get(path);
    if (held && held.size > 0) yield* this.store.read(held.digest);
  }

  async ready(paths: readonly string[]): Promise<void> {
    const missing = new Set<string>();
    const ask: number[] = [];
    for (const path of paths) {
      const held = this.#entries.get(path);
      if (!held || held.type !== "file" || held.size === 0 || this.store.has(held.digest)) continue;
      missing.add(held.digest);
      if (this.#asked.has(held.digest)) continue;
      this.#asked.add(held.digest);
      ask.push(held.number);
    }
    if (missing.size === 0) return;
    if (this.#failure) throw this.#failure.error;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { missing, resolve, reject };
    this.#waiters.add(waiter);
    if (this.#ask) this.#ask(ask);
    else this.#unsent.push(...ask);
    await promise.finally(() => this.#waiters.delete(waiter));
  }

  /** Tells how the client is asked for the content of entries. */
  serve(ask: (entries: number[]) => void): void {
    this.#ask = ask;
    if (this.#unsent.length > 0) ask(this.#unsent.splice(0));
  }

  /** The client's answer: a tar stream, members named by their place in the index. What is wrong with it ends the build too. */
  async receive(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.store.receive(source, (name) => this.#expected(name), (digests) => this.#arrived(digests));
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Nothing more will come: whoever waits is told so. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #expected(name: string): { path: string; digest: string; size: number } | undefined {
    const entry = this.index[Number(name)];
    return entry?.digest === undefined || !this.#asked.has(entry.digest) ? undefined : { path: entry.path, digest: entry.digest, size: entry.size ?? 0 };
  }

  #arrived(digests: readonly string[]): void {
    for (const waiter of this.#waiters) {
      for (const digest of digests) waiter.missing.delete(digest);
      if (waiter.missing.size === 0) waiter.resolve();
    }
  }
}
