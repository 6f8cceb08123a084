import type { IndexEntry } from "../../api/build-context.ts";
import { invalid } from "../../lib/errors.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import type { Content } from "../../linux/archive/options.ts";
import type { ContentStore } from "./content-store.ts";
import { maxEntries } from "./context-archive.ts";
import { EntryTable } from "./entries.ts";
import { escapes, inside } from "./path.ts";
import type { SourceEntry, SourceTree } from "./tree.ts";

interface Held extends SourceEntry {
  /** Place in the index. */
  number: number;
  digest: string;
}

/** The content of one file of an index. */
export interface WantedContent {
  /** Place of its entry in the index. */
  number: number;
  path: string;
  /** SHA-256, hex. */
  digest: string;
  /** Bytes. */
  size: number;
}

/** Who has the content of an index. */
export interface ContentClient {
  /**
   * Brings content into the store of the context. Settles when all of it is there, or rejects with what came in its
   * place; asking again for what is on its way waits for the same.
   */
  bring(wanted: readonly WantedContent[]): Promise<void>;
}

/** A build context of which only the index has come: content is asked for when a step takes it. */
export class IndexedContext implements SourceTree {
  readonly #entries = new EntryTable<Held>((entry) => ({ ...entry, number: -1, digest: "" }));

  /** Throws `invalid` for names that lead out of the context. */
  constructor(
    index: readonly IndexEntry[],
    private readonly store: ContentStore,
    private readonly client: ContentClient,
  ) {
    if (index.length > maxEntries) throw invalid(`the build context has more than ${maxEntries} files`);
    index.forEach((each, number) => {
      const path = inside(each.path);
      if (path === "" || escapes(each.path))
        throw invalid(`the build context names ${JSON.stringify(each.path)}, which is outside of it`);
      const entry = tarEntry({
        name: path,
        type: each.type,
        mode: each.mode,
        mtime: each.mtime,
        size: each.type === "file" ? (each.size ?? 0) : 0,
        linkName: each.link ?? "",
      });
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

  stored(path: string): Content | undefined {
    const held = this.#entries.get(path);
    return held && this.store.stored(held.digest);
  }

  async ready(paths: readonly string[]): Promise<void> {
    const wanted: WantedContent[] = [];
    for (const path of paths) {
      const held = this.#entries.get(path);
      if (held?.type !== "file" || held.size === 0 || this.store.has(held.digest)) continue;
      wanted.push({ number: held.number, path, digest: held.digest, size: held.size });
    }
    if (wanted.length > 0) await this.client.bring(wanted);
  }
}
