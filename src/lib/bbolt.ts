import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/**
 * Reads databases of bbolt, the B+tree in one file that Docker and containerd keep their records in. Nothing is
 * written, no lock is taken: who calls makes sure that nobody writes meanwhile. A file is pages of one size. Two of
 * them, `meta` pages, each name the root of the tree as it was after a transaction; the newer whole one counts. All
 * numbers are little-endian.
 */
const MAGIC = 0xed0cdaed;
const VERSION = 2;
const HEADER = 16;
const ELEMENT = 16;
/** Of the pages' flags. */
const BRANCH = 1;
const LEAF = 2;
const META = 4;
/** Of a leaf's elements: the value is a bucket. */
const IS_BUCKET = 1;
const BUCKET_HEADER = 16;
/** A tree of 64-bit page ids that is deeper is none. */
const DEEPEST = 64;
/** Sizes of pages that bbolt makes. */
const PAGE_SIZES = [4096, 8192, 16384, 32768, 65536, 1024, 2048];

/** The file is no bbolt database, or it is damaged. */
export class BoltError extends Error {
  override readonly name = "BoltError";
}

/** What is under a key: bytes, or a bucket of further keys. */
export type BoltValue = Uint8Array | Bucket;

/** Keys in order, each with its value. */
export class Bucket {
  constructor(
    private readonly file: BoltFile,
    /** The root page; an inline bucket is a page without a number. */
    private readonly root: number | Buffer,
  ) {}

  *entries(): Generator<[key: string, value: BoltValue]> {
    for (const [key, value] of this.file.walk(this.root)) yield [key.toString("utf8"), value];
  }

  /** The bucket of that name, or of names one in the other; undefined where there is none. */
  bucket(...names: string[]): Bucket | undefined {
    let at: Bucket | undefined = this;
    for (const name of names) {
      const found: BoltValue | undefined = at?.find(name);
      at = found instanceof Bucket ? found : undefined;
    }
    return at;
  }

  /** The value of a key; undefined where there is none, or a bucket. */
  value(name: string): Uint8Array | undefined {
    const found = this.find(name);
    return found instanceof Bucket ? undefined : found;
  }

  private find(name: string): BoltValue | undefined {
    for (const [key, value] of this.entries()) if (key === name) return value;
    return undefined;
  }
}

/** A database that is open for reading. */
export class BoltFile implements Disposable {
  readonly #fd: number;
  readonly #path: string;
  readonly #pageSize: number;
  /** Pages from here on were never written. */
  readonly #end: number;
  readonly root: Bucket;

  /** Throws the system's error where the file cannot be opened, and a {@link BoltError} where it is no database. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, "r");
    try {
      const { size } = fstatSync(this.#fd);
      const meta = this.#newestMeta(size);
      this.#pageSize = meta.pageSize;
      this.#end = Math.min(meta.end, Math.floor(size / meta.pageSize));
      this.root = new Bucket(this, meta.root);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** For {@link Bucket}: the elements of the leaves below a page, in order. */
  *walk(page: number | Buffer, depth = 0): Generator<[key: Buffer, value: BoltValue]> {
    if (depth > DEEPEST) throw this.#damaged("its tree is too deep");
    const bytes = typeof page === "number" ? this.#page(page) : page;
    const flags = bytes.readUInt16LE(8);
    const count = bytes.readUInt16LE(10);
    if (flags !== BRANCH && flags !== LEAF) throw this.#damaged("a page is neither branch nor leaf");
    for (let i = 0; i < count; i++) {
      const at = HEADER + i * ELEMENT;
      if (at + ELEMENT > bytes.length) throw this.#damaged("a page has more elements than room");
      if (flags === BRANCH) {
        const next = Number(bytes.readBigUInt64LE(at + 8));
        if (next === page) throw this.#damaged("a page leads to itself");
        yield* this.walk(next, depth + 1);
        continue;
      }
      const keyAt = at + bytes.readUInt32LE(at + 4);
      const valueAt = keyAt + bytes.readUInt32LE(at + 8);
      const end = valueAt + bytes.readUInt32LE(at + 12);
      if (end > bytes.length) throw this.#damaged("an element reaches beyond its page");
      const key = bytes.subarray(keyAt, valueAt);
      const value = bytes.subarray(valueAt, end);
      yield [key, (bytes.readUInt32LE(at) & IS_BUCKET) === 0 ? value : this.#bucket(value)];
    }
  }

  #bucket(value: Buffer): Bucket {
    if (value.length < BUCKET_HEADER) throw this.#damaged("a bucket is cut short");
    const root = Number(value.readBigUInt64LE(0));
    if (root !== 0) return new Bucket(this, root);
    if (value.length < BUCKET_HEADER + HEADER) throw this.#damaged("a bucket is cut short");
    return new Bucket(this, value.subarray(BUCKET_HEADER));
  }

  /** A page with those that it overflows into. */
  #page(id: number): Buffer {
    if (!(id >= 2 && id < this.#end)) throw this.#damaged(`there is no page ${id}`);
    const head = this.#read(id * this.#pageSize, HEADER);
    if (Number(head.readBigUInt64LE(0)) !== id) throw this.#damaged(`page ${id} says that it is another`);
    const pages = head.readUInt32LE(12) + 1;
    if (id + pages > this.#end) throw this.#damaged(`page ${id} reaches beyond the end`);
    return this.#read(id * this.#pageSize, pages * this.#pageSize);
  }

  #newestMeta(size: number): { pageSize: number; root: number; end: number } {
    const first = this.#meta(0, size);
    const second = first
      ? this.#meta(first.pageSize, size)
      : PAGE_SIZES.map((pageSize) => this.#meta(pageSize, size)).find((meta) => meta !== null);
    const newest = [first, second].reduce((a, b) => (!a || (b && b.transaction > a.transaction) ? b : a));
    if (!newest) throw new BoltError(`${this.#path}: invalid database: neither of its meta pages is whole`);
    return newest;
  }

  /** The meta page that begins at an offset; null where there is no whole one. */
  #meta(offset: number, size: number): { pageSize: number; root: number; end: number; transaction: bigint } | null {
    if (offset + HEADER + 64 > size) return null;
    const bytes = this.#read(offset, HEADER + 64);
    const meta = bytes.subarray(HEADER);
    const isMeta = (bytes.readUInt16LE(8) & META) !== 0;
    if (!isMeta || meta.readUInt32LE(0) !== MAGIC || meta.readUInt32LE(4) !== VERSION) return null;
    if (meta.readBigUInt64LE(56) !== checksum(meta.subarray(0, 56))) return null;
    const pageSize = meta.readUInt32LE(8);
    if (!PAGE_SIZES.includes(pageSize)) return null;
    return {
      pageSize,
      root: Number(meta.readBigUInt64LE(16)),
      end: Number(meta.readBigUInt64LE(40)),
      transaction: meta.readBigUInt64LE(48),
    };
  }

  #read(offset: number, length: number): Buffer {
    const buffer = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const got = readSync(this.#fd, buffer, done, length - done, offset + done);
      if (got === 0) throw this.#damaged("it ends too soon");
      done += got;
    }
    return buffer;
  }

  #damaged(why: string): BoltError {
    return new BoltError(`${this.#path}: damaged database: ${why}`);
  }
}

/** FNV-1a, 64 bits. */
function checksum(bytes: Uint8Array): bigint {
  let sum = 0xcbf29ce484222325n;
  for (const byte of bytes) sum = ((sum ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return sum;
}
