import { open, type FileHandle } from "node:fs/promises";
import { invalid } from "../../lib/errors.ts";
import { tarEntry } from "../../lib/tar/entry.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import { escapes, inside, parentOf } from "./path.ts";
import type { SourceEntry, SourceTree } from "./tree.ts";

interface Held extends SourceEntry {
  /** Where the content stands in the spool. */
  at: number;
  digest: string;
}

/** More files than any project has: a hostile archive. */
const maxEntries = 2_000_000;
const bufferBytes = 4 * 1024 * 1024;

/**
 * A build context as it was sent: the content of its files one after another in one scratch file (the spool), and an
 * index of what stands where, with a digest of each file. Nothing is unpacked, so nothing in it can escape, and a
 * build whose steps are all cached touches no more of it than the index.
 */
export class ContextArchive implements SourceTree, AsyncDisposable {
  readonly #entries = new Map<string, Held>();
  readonly #children = new Map<string, Set<string>>([["", new Set()]]);
  /** Bytes of content. */
  size = 0;

  private constructor(private readonly spool: FileHandle, private readonly file: string) {}

  /** Reads a whole tar stream. Throws `invalid` where it is broken or names something outside of itself. */
  static async receive(source: AsyncIterable<Uint8Array>, file: string, accept: (path: string) => boolean = () => true): Promise<ContextArchive> {
    const archive = new ContextArchive(await open(file, "w+", 0o600), file);
    try {
      await archive.#receive(source, accept);
      return archive;
    } catch (error) {
      await archive[Symbol.asyncDispose]();
      throw error;
    }
  }

  entry(path: string): SourceEntry | undefined {
    return path === "" ? tarEntry({ name: "", type: "directory", mode: 0o755 }) : this.#entries.get(path);
  }

  children(path: string): string[] {
    return [...(this.#children.get(path) ?? [])].sort();
  }

  digest(path: string): string | undefined {
    return this.#entries.get(path)?.digest;
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const held = this.#entries.get(path);
    if (!held) return;
    for (let done = 0; done < held.size; ) {
      const buffer = new Uint8Array(Math.min(held.size - done, 256 * 1024));
      const { bytesRead } = await this.spool.read(buffer, 0, buffer.length, held.at + done);
      if (bytesRead === 0) throw new Error(`the context's scratch file ${this.file} is shorter than its index`);
      done += bytesRead;
      yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
    }
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
  exclude(ignored: (path: string) => boolean): void {
    for (const path of [...this.#entries.keys()]) {
      if (!ignored(path) || (this.#children.get(path)?.size ?? 0) > 0) continue;
      this.#forget(path);
    }
  }

  /** Adds a file that did not come with the archive (a Dockerfile sent beside it). */
  async add(path: string, content: Uint8Array): Promise<void> {
    const at = this.size;
    await this.spool.write(content, 0, content.length, at);
    this.size += content.length;
    this.#keep(path, { ...tarEntry({ name: path, size: content.length }), at, digest: new Bun.CryptoHasher("sha256").update(content).digest("hex") });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.spool.close().catch(() => {});
    await Bun.file(this.file).delete().catch(() => {});
  }

  async #receive(source: AsyncIterable<Uint8Array>, accept: (path: string) => boolean): Promise<void> {
    let pending: Uint8Array[] = [];
    let pendingBytes = 0;
    let hasher: Bun.CryptoHasher | undefined;
    let current: Held | undefined;
    let currentPath = "";
    const put = (chunk: Uint8Array) => {
      pending.push(chunk);
      pendingBytes += chunk.length;
      this.size += chunk.length;
      hasher?.update(chunk);
    };
    const flush = async () => {
      if (pendingBytes === 0) return;
      await this.spool.writev(pending, this.size - pendingBytes);
      pending = [];
      pendingBytes = 0;
    };
    const zeros = (count: number) => { for (let left = count; left > 0; left -= Math.min(left, bufferBytes)) put(new Uint8Array(Math.min(left, bufferBytes))); };
    const reader = new TarReader({
      entry: (entry) => {
        current = undefined;
        const path = inside(entry.name);
        if (escapes(entry.name)) throw invalid(`the build context names ${JSON.stringify(entry.name)}, which is outside of it`);
        if (this.#entries.size >= maxEntries) throw invalid(`the build context has more than ${maxEntries} files`);
        if (path === "" || !accept(path)) return;
        currentPath = path;
        current = { ...entry, at: this.size, digest: "" };
        hasher = entry.type === "file" ? new Bun.CryptoHasher("sha256") : undefined;
      },
      data: (chunk, offset) => {
        if (!current) return;
        const have = this.size - current.at;
        if (offset > have) zeros(offset - have);
        put(chunk.slice());
      },
      end: (entry) => {
        if (!current) return;
        if (entry.type === "file") {
          zeros(entry.size - (this.size - current.at));
          current.digest = hasher?.digest("hex") ?? "";
        }
        this.#keep(currentPath, current);
        current = undefined;
      },
    });
    for await (const chunk of source) {
      reader.write(chunk);
      if (pendingBytes >= bufferBytes) await flush();
    }
    await flush();
    reader.end();
  }

  /** A hard link has no content of its own in an archive: it becomes a second name of what it links to. */
  #keep(path: string, held: Held): void {
    let kept = held;
    if (held.type === "link") {
      const target = this.#entries.get(inside(held.linkName));
      if (target?.type !== "file") throw invalid(`the build context has a hard link ${JSON.stringify(path)} to ${JSON.stringify(held.linkName)}, which it does not have`);
      kept = { ...target };
    }
    for (let child = path, parent = parentOf(path); ; child = parent, parent = parentOf(parent)) {
      const siblings = this.#children.get(parent);
      const name = parent ? child.slice(parent.length + 1) : child;
      if (siblings) { siblings.add(name); break; }
      this.#children.set(parent, new Set([name]));
      if (parent === "") break;
      if (this.#entries.get(parent)?.type !== "directory") {
        this.#entries.set(parent, { ...tarEntry({ name: parent, type: "directory", mode: 0o755 }), at: 0, digest: "" });
      }
    }
    if (kept.type === "directory" && !this.#children.has(path)) this.#children.set(path, new Set());
    if (kept.type !== "directory") for (const name of this.#children.get(path) ?? []) this.#forget(`${path}/${name}`);
    if (kept.type !== "directory") this.#children.delete(path);
    this.#entries.set(path, kept);
  }

  #forget(path: string): void {
    for (const name of this.#children.get(path) ?? []) this.#forget(`${path}/${name}`);
    this.#children.delete(path);
    this.#entries.delete(path);
    const parent = parentOf(path);
    this.#children.get(parent)?.delete(parent ? path.slice(parent.length + 1) : path);
  }
}
