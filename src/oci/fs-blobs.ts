import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { conflict, hasCode, invalid, notFound } from "../lib/errors.ts";
import type { BlobStore, BlobWriter } from "./blobs.ts";
import { algorithmOf, type DigestAlgorithm, digestOf, hexOf, isDigest, parseDigest } from "./digest.ts";

const READ_LIMIT = 16 * 1024 * 1024;

/** Blobs as files: `<root>/<algorithm>/<hex>`, unfinished ones `<root>/partial/<hex>`. */
export class FsBlobStore implements BlobStore {
  readonly #writing = new Set<string>();
  readonly #whole: Record<DigestAlgorithm, string>;
  readonly #partial: string;

  constructor(root: string) {
    this.#whole = { sha256: join(root, "sha256"), sha512: join(root, "sha512") };
    this.#partial = join(root, "partial");
    for (const folder of [...Object.values(this.#whole), this.#partial])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  path(digest: string): string {
    return join(this.#whole[algorithmOf(digest)], hexOf(parseDigest(digest)));
  }

  has(digest: string): boolean {
    return existsSync(this.path(digest));
  }

  size(digest: string): number | undefined {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.size;
  }

  async read(digest: string, limit = READ_LIMIT): Promise<Uint8Array> {
    const size = this.size(digest);
    if (size === undefined) throw missing(digest);
    if (size > limit) throw invalid(`content ${digest} is too big: ${size} bytes`);
    return readFile(this.path(digest));
  }

  stream(digest: string, range?: { start: number; end?: number }): ReadableStream<Uint8Array> {
    const path = this.path(digest);
    if (!existsSync(path)) throw missing(digest);
    const file = Bun.file(path);
    return (range ? file.slice(range.start, range.end) : file).stream();
  }

  async writer(digest: string, size?: number): Promise<BlobWriter> {
    const path = this.path(digest);
    if (this.#writing.has(digest)) throw conflict(`content ${digest} is being written already`);
    this.#writing.add(digest);
    try {
      return await FileWriter.open(join(this.#partial, hexOf(digest)), path, digest, size, () =>
        this.#writing.delete(digest),
      );
    } catch (error) {
      this.#writing.delete(digest);
      throw error;
    }
  }

  async put(content: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Promise<string> {
    const digest = digestOf(content, algorithm);
    if (this.has(digest)) return digest;
    const scratch = join(this.#partial, `.${hexOf(digest)}.${crypto.randomUUID()}`);
    await writeFile(scratch, content, { flag: "wx", mode: 0o600 });
    await this.adopt(digest, scratch);
    return digest;
  }

  async adopt(digest: string, file: string): Promise<void> {
    const path = this.path(digest);
    await syncPath(file);
    await rename(file, path);
    await syncPath(join(path, ".."));
  }

  async remove(digest: string): Promise<void> {
    const doomed = join(this.#partial, `.removed.${crypto.randomUUID()}`);
    try {
      renameSync(this.path(digest), doomed);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      throw error;
    }
    await rm(doomed, { force: true });
  }

  async *list(): AsyncGenerator<{ digest: string; size: number }> {
    for (const [algorithm, folder] of Object.entries(this.#whole)) {
      for (const name of await readdir(folder)) {
        const digest = `${algorithm}:${name}`;
        const size = isDigest(digest) ? this.size(digest) : undefined;
        if (size !== undefined) yield { digest, size };
      }
    }
  }

  async sweepPartials(olderThanMs: number): Promise<void> {
    const before = Date.now() - olderThanMs;
    for (const name of await readdir(this.#partial)) {
      if (this.#writing.has(`sha256:${name}`) || this.#writing.has(`sha512:${name}`)) continue;
      const path = join(this.#partial, name);
      const info = await stat(path).catch(() => undefined);
      if (info && info.mtimeMs <= before) await rm(path, { force: true });
    }
  }
}

/** Networks deliver in small pieces, and each write of its own would cost a turn through the thread pool. */
const BLOCK = 1 << 20;

class FileWriter implements BlobWriter {
  #hash: Bun.CryptoHasher;
  #offset = 0;
  #open = true;
  #block = new Uint8Array(BLOCK);
  #fill = 0;
  /** The block before, on its way to the file while the next is filled. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: FileHandle,
    private readonly partial: string,
    private readonly path: string,
    private readonly digest: string,
    private readonly size: number | undefined,
    private readonly done: () => void,
  ) {
    this.#hash = new Bun.CryptoHasher(algorithmOf(digest));
  }

  static async open(
    partial: string,
    path: string,
    digest: string,
    size: number | undefined,
    done: () => void,
  ): Promise<FileWriter> {
    const file = await open(partial, "a+", 0o600);
    const writer = new FileWriter(file, partial, path, digest, size, done);
    try {
      await writer.#rehash();
    } catch (error) {
      await file.close();
      throw error;
    }
    return writer;
  }

  get offset(): number {
    return this.#offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.size !== undefined && this.#offset + chunk.length > this.size) {
      throw invalid(`content ${this.digest} is longer than the ${this.size} bytes that were announced`);
    }
    this.#hash.update(chunk);
    this.#offset += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      const take = Math.min(BLOCK - this.#fill, chunk.length - at);
      this.#block.set(chunk.subarray(at, at + take), this.#fill);
      this.#fill += take;
      at += take;
      if (this.#fill === BLOCK) await this.#send();
    }
  }

  async restart(): Promise<void> {
    await this.#writing;
    this.#fill = 0;
    await this.file.truncate(0);
    this.#hash = new Bun.CryptoHasher(algorithmOf(this.digest));
    this.#offset = 0;
  }

  async commit(): Promise<void> {
    const actual = `${algorithmOf(this.digest)}:${this.#hash.digest("hex")}`;
    const wrong =
      this.size !== undefined && this.#offset !== this.size
        ? `unexpected size ${this.#offset}, expected ${this.size}`
        : actual !== this.digest
          ? `unexpected digest ${actual}, expected ${this.digest}`
          : undefined;
    if (wrong) {
      await this[Symbol.asyncDispose]();
      await rm(this.partial, { force: true });
      throw invalid(`filesystem layer verification failed: ${wrong}`);
    }
    await this.#flush();
    await this.file.sync();
    await rename(this.partial, this.path);
    await syncPath(join(this.path, ".."));
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    // What could not be written is fetched again: the next writer counts what is in the file.
    await this.#flush().catch(() => {});
    await this.file.close();
    this.done();
  }

  /** Hands the full block over, once the one before is written. */
  async #send(): Promise<void> {
    await this.#writing;
    const block = this.#block.subarray(0, this.#fill);
    this.#block = new Uint8Array(BLOCK);
    this.#fill = 0;
    this.#writing = writeAll(this.file, block);
    // Its failure is seen by who waits for it next.
    this.#writing.catch(() => {});
  }

  async #flush(): Promise<void> {
    if (this.#fill > 0) await this.#send();
    await this.#writing;
  }

  /** What is there already counts, once it was read again. A partial that is too long is worthless. */
  async #rehash(): Promise<void> {
    const { size } = await this.file.stat();
    if (this.size !== undefined && size > this.size) return this.restart();
    const buffer = new Uint8Array(Math.min(size, 1 << 20));
    while (this.#offset < size) {
      const { bytesRead } = await this.file.read(buffer, 0, buffer.length, this.#offset);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#offset += bytesRead;
    }
  }
}

async function writeAll(file: FileHandle, block: Uint8Array): Promise<void> {
  for (let done = 0; done < block.length; ) done += (await file.write(block, done)).bytesWritten;
}

/** Waits until a file is on disk; of a directory, the names in it. */
async function syncPath(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function missing(digest: string) {
  return notFound(`content ${digest} not found`);
}
