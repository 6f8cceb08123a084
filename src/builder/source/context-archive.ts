import { invalid } from "../../lib/errors.ts";
import { type SparsePart, sparseBytes, weightOf } from "../../lib/tar/entry.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import type { Content } from "../../linux/archive/options.ts";
import { EntryTable } from "./entries.ts";
import { escapes, inside } from "./path.ts";
import { Spool } from "./spool.ts";
import type { SourceEntry, SourceTree } from "./tree.ts";

interface Held extends SourceEntry {
  /** Where the content stands in the spool. */
  at: number;
  /** Of a sparse file: the parts that stand there. All else are zeros. */
  sparse?: SparsePart[];
  digest: string;
}

/** More files than any project has: a hostile archive. */
export const maxEntries = 2_000_000;
/** Bytes that what is known of them, names and attributes above all, may take in memory. */
const maxWeight = 512 * 1024 * 1024;
/** What the kernel takes as a path. */
const longestPath = 4096;

/**
 * A build context as it was sent: the content of its files one after another in one scratch file, and an index of what
 * stands where, with a digest of each file. Nothing is unpacked, so nothing in it can escape, and a build whose steps
 * are all cached touches no more of it than the index.
 */
export class ContextArchive implements SourceTree, AsyncDisposable {
  readonly #entries = new EntryTable<Held>((entry) => ({ ...entry, at: 0, digest: "" }));

  private constructor(private readonly spool: Spool) {}

  /** Reads a whole tar stream. Throws `invalid` where it is broken or names something outside of itself. */
  static async receive(source: AsyncIterable<Uint8Array>, file: string): Promise<ContextArchive> {
    const archive = new ContextArchive(await Spool.open(file));
    try {
      await archive.#receive(source);
      return archive;
    } catch (error) {
      await archive[Symbol.asyncDispose]();
      throw error;
    }
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
    const held = this.#entries.get(path);
    if (!held) return;
    let [at, done] = [held.at, 0];
    for (const part of held.sparse ?? [{ offset: 0, length: held.size }]) {
      yield* zeros(part.offset - done);
      yield* this.spool.read(at, part.length);
      at += part.length;
      done = part.offset + part.length;
    }
    yield* zeros(held.size - done);
  }

  stored(path: string): Content | undefined {
    const held = this.#entries.get(path);
    return held && !held.sparse ? { file: this.spool.path, parts: [held.at, held.size] } : undefined;
  }

  /** A small file as text; undefined where there is none. Links are not followed. */
  async text(path: string, limit = 4 * 1024 * 1024): Promise<string | undefined> {
    const held = this.#entries.get(path);
    if (held?.type !== "file") return undefined;
    if (held.size > limit) throw invalid(`${path} is larger than ${limit} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(path)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  /** Drops what `ignored` names: for contexts whose sender left the ignore file to us. */
  exclude(ignored: (path: string) => boolean, signal: AbortSignal): Promise<void> {
    return this.#entries.exclude(ignored, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.spool.close();
    await Bun.file(this.spool.path)
      .delete()
      .catch(() => {});
  }

  async #receive(source: AsyncIterable<Uint8Array>): Promise<void> {
    const { spool } = this;
    let hasher: Bun.CryptoHasher | undefined;
    let current: Held | undefined;
    let currentPath = "";
    let weight = 0;
    const reader = new TarReader({
      entry: (entry) => {
        current = undefined;
        const path = inside(entry.name);
        if (escapes(entry.name))
          throw invalid(`the build context names ${JSON.stringify(entry.name)}, which is outside of it`);
        if (this.#entries.size >= maxEntries) throw invalid(`the build context has more than ${maxEntries} files`);
        weight += weightOf(entry);
        if (path.length >= longestPath || weight > maxWeight)
          throw invalid(`the build context has names that are too long: ${JSON.stringify(entry.name.slice(0, 200))}`);
        if (path === "") return;
        currentPath = path;
        spool.space.claim(sparseBytes(entry), entry.name);
        current = { ...entry, at: spool.size, digest: "" };
        hasher = entry.type === "file" ? new Bun.CryptoHasher("sha256") : undefined;
        // Its map and its data say all of a sparse file: its zeros need not be digested.
        if (entry.sparse) hasher?.update(JSON.stringify(["sparse", entry.size, entry.sparse]));
      },
      data: (chunk) => {
        if (!current) return;
        spool.append(chunk.slice());
        hasher?.update(chunk);
      },
      end: (entry) => {
        if (!current) return;
        if (entry.type === "file") current.digest = hasher?.digest("hex") ?? "";
        this.#entries.keep(currentPath, current);
        current = undefined;
      },
    });
    for await (const chunk of source) {
      reader.write(chunk);
      if (spool.full) await spool.flush();
    }
    await spool.flush();
    reader.end();
  }
}

const zeroBlock = new Uint8Array(256 * 1024);

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= zeroBlock.length)
    yield left < zeroBlock.length ? zeroBlock.subarray(0, left) : zeroBlock;
}
