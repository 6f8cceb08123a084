import { headerError, isZeroBlock, number, parseBlock, type RawHeader } from "./block.ts";
import { BLOCK, type EntryType, type SparsePart, type TarEntry, TarError } from "./entry.ts";
import { decodeName } from "./names.ts";
import { type PaxRecords, parsePax, paxInteger, paxText, paxTime } from "./pax.ts";
import { checkParts, gnuParts, paxParts, SparseMapReader } from "./sparse.ts";

/** Gets what the reader finds, in archive order: `entry`, any number of `data`, `end`; for each member. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /**
   * Content of the entry last begun. `offset`: where it stands in the file. The chunk is valid during the call only.
   */
  data(chunk: Uint8Array, offset: number): void;
  end(entry: TarEntry): void;
}

/** Go's archive/tar accepts no more for names and extended headers; a hostile one could otherwise claim all memory. */
const MAX_META = 1 << 20;

type State = "header" | "meta" | "gnu-sparse" | "pax-sparse" | "data" | "padding" | "ending" | "ended";

/**
 * Reads a tar stream that is pushed into it, in chunks of any size; does no I/O and keeps at most one header. Knows
 * ustar, PAX, GNU (long names, sparse), star and V7. Throws {@link TarError}; what a handler throws passes through.
 */
export class TarReader {
  #state: State = "header";
  /** Bytes of an incomplete block. */
  #partial = new Uint8Array(BLOCK);
  #held = 0;
  /** Physical bytes of content (or metadata) still to come, then padding. */
  #left = 0;
  #padding = 0;
  #meta: Uint8Array = new Uint8Array(0);
  #metaFill = 0;
  #metaType = "";
  #globals: PaxRecords = new Map();
  #records: PaxRecords = new Map();
  #longName: string | undefined;
  #longLink: string | undefined;
  #entry: TarEntry | undefined;
  #parts: SparsePart[] = [];
  #partIndex = 0;
  #partDone = 0;
  #offset = 0;
  #mapReader = new SparseMapReader();

  constructor(private readonly handler: TarHandler) {}

  /**
   * True once the end-of-archive mark (two blocks of zeros; some writers leave out the second) was read; anything after
   * it is ignored.
   */
  get ended(): boolean {
    return this.#state === "ended";
  }

  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case "ended":
          return;
        case "data":
          at = this.#content(chunk, at);
          break;
        case "meta":
          at = this.#collect(chunk, at);
          break;
        case "padding": {
          const skip = Math.min(this.#padding, chunk.length - at);
          this.#padding -= skip;
          at += skip;
          if (this.#padding === 0) this.#state = "header";
          break;
        }
        default: {
          if (this.#held === 0 && chunk.length - at >= BLOCK) {
            this.#block(chunk.subarray(at, at + BLOCK));
            at += BLOCK;
            break;
          }
          const take = Math.min(BLOCK - this.#held, chunk.length - at);
          this.#partial.set(chunk.subarray(at, at + take), this.#held);
          this.#held += take;
          at += take;
          if (this.#held === BLOCK) {
            this.#held = 0;
            this.#block(this.#partial);
          }
        }
      }
    }
  }

  /** Says that nothing more comes. Throws `unexpected EOF` where the archive is cut short. */
  end(): void {
    const between = this.#state === "ending" || (this.#state === "header" && !this.#pending());
    const clean = this.#state === "ended" || (between && this.#held === 0);
    // Some writers leave the padding of the last member out.
    if (!clean && this.#state !== "padding") throw new TarError("unexpected EOF");
  }

  #pending(): boolean {
    return this.#records.size > 0 || this.#longName !== undefined || this.#longLink !== undefined;
  }

  #block(block: Uint8Array): void {
    if (this.#state === "gnu-sparse") return this.#gnuExtension(block);
    if (this.#state === "pax-sparse") return this.#paxMap(block);
    if (isZeroBlock(block)) {
      this.#state = this.#state === "ending" ? "ended" : "ending";
      return;
    }
    if (this.#state === "ending") throw headerError();
    const raw = parseBlock(block);
    if ("xgLK".includes(raw.typeflag)) return this.#beginMeta(raw);
    this.#begin(raw, block);
  }

  #beginMeta(raw: RawHeader): void {
    if (raw.size > MAX_META) throw new TarError("archive/tar: header field too long");
    this.#metaType = raw.typeflag;
    this.#meta = new Uint8Array(raw.size);
    this.#metaFill = 0;
    this.#padding = paddingOf(raw.size);
    this.#state = "meta";
    if (raw.size === 0) this.#endMeta();
  }

  #collect(chunk: Uint8Array, at: number): number {
    const take = Math.min(this.#meta.length - this.#metaFill, chunk.length - at);
    this.#meta.set(chunk.subarray(at, at + take), this.#metaFill);
    this.#metaFill += take;
    if (this.#metaFill === this.#meta.length) this.#endMeta();
    return at + take;
  }

  #endMeta(): void {
    const cut = this.#meta.indexOf(0);
    const name = () => decodeName(cut < 0 ? this.#meta : this.#meta.subarray(0, cut));
    if (this.#metaType === "x") {
      // Of several before one member the last counts: so they cannot pile up.
      this.#records = new Map();
      parsePax(this.#meta, this.#records);
    } else if (this.#metaType === "g") this.#keepGlobals(this.#meta);
    else if (this.#metaType === "L") this.#longName = name();
    else this.#longLink = name();
    this.#meta = new Uint8Array(0);
    this.#state = this.#padding > 0 ? "padding" : "header";
  }

  /** Only what says something of members, which is little: every member has to look at it. */
  #keepGlobals(meta: Uint8Array): void {
    const records: PaxRecords = new Map();
    parsePax(meta, records);
    for (const [key, value] of records) if (globalKeys.has(key)) this.#globals.set(key, value);
  }

  #begin(raw: RawHeader, block: Uint8Array): void {
    const records: PaxRecords =
      this.#globals.size === 0 ? this.#records : new Map([...this.#globals, ...this.#records]);
    const entry = toEntry(raw, records, this.#longName, this.#longLink);
    const physical = hasContent(raw.typeflag) ? (paxInteger(records, "size") ?? raw.size) : 0;
    if (physical < 0) throw headerError();
    this.#records = new Map();
    this.#longName = this.#longLink = undefined;
    this.#entry = entry;
    this.#left = physical;
    this.#padding = paddingOf(physical);
    this.#parts = [];

    if (raw.typeflag === "S") return this.#beginGnuSparse(entry, block);
    if (entry.type === "file" && isPaxSparse(records)) return this.#beginPaxSparse(entry, records);
    if (entry.type === "file") entry.size = physical;
    else {
      // Content of what can have none is stepped over.
      this.#padding += this.#left;
      this.#left = 0;
    }
    this.#deliver();
  }

  #beginGnuSparse(entry: TarEntry, block: Uint8Array): void {
    entry.size = realSize(block);
    gnuParts(block, 386, 4, this.#parts);
    if (block[482] !== 0) this.#state = "gnu-sparse";
    else this.#deliverSparse();
  }

  #gnuExtension(block: Uint8Array): void {
    gnuParts(block, 0, 21, this.#parts);
    if (block[504] === 0) this.#deliverSparse();
  }

  #beginPaxSparse(entry: TarEntry, records: PaxRecords): void {
    entry.name = trimSlash(paxText(records, "GNU.sparse.name") ?? entry.name);
    entry.size = paxInteger(records, "GNU.sparse.realsize") ?? paxInteger(records, "GNU.sparse.size") ?? this.#left;
    if (paxText(records, "GNU.sparse.major") === "1") {
      this.#mapReader = new SparseMapReader();
      this.#state = "pax-sparse";
      return;
    }
    this.#parts = paxParts(records);
    this.#deliverSparse();
  }

  #paxMap(block: Uint8Array): void {
    this.#left -= BLOCK;
    if (this.#left < 0) throw headerError();
    const parts = this.#mapReader.push(block);
    if (!parts) return;
    this.#parts = parts;
    this.#deliverSparse();
  }

  #deliverSparse(): void {
    const entry = this.#current();
    this.#parts = checkParts(this.#parts, entry.size);
    entry.sparse = this.#parts;
    if (this.#parts.reduce((sum, part) => sum + part.length, 0) !== this.#left) throw headerError();
    this.#deliver();
  }

  #deliver(): void {
    const entry = this.#current();
    this.#offset = 0;
    this.#partIndex = 0;
    this.#partDone = 0;
    this.handler.entry(entry);
    if (this.#left > 0) this.#state = "data";
    else this.#finish();
  }

  #content(chunk: Uint8Array, at: number): number {
    let take = Math.min(this.#left, chunk.length - at);
    const part = this.#parts[this.#partIndex];
    if (part) {
      take = Math.min(take, part.length - this.#partDone);
      this.handler.data(chunk.subarray(at, at + take), part.offset + this.#partDone);
      this.#partDone += take;
      if (this.#partDone === part.length) {
        this.#partIndex++;
        this.#partDone = 0;
      }
    } else {
      this.handler.data(chunk.subarray(at, at + take), this.#offset);
      this.#offset += take;
    }
    this.#left -= take;
    if (this.#left === 0) this.#finish();
    return at + take;
  }

  #finish(): void {
    const entry = this.#current();
    this.#entry = undefined;
    this.#state = this.#padding > 0 ? "padding" : "header";
    this.handler.end(entry);
  }

  #current(): TarEntry {
    if (!this.#entry) throw headerError();
    return this.#entry;
  }
}

const globalKeys: ReadonlySet<string> = new Set(["path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime"]);

const types: Record<string, EntryType> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  S: "file",
  "1": "link",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  D: "directory",
  "6": "fifo",
};

/** Links, devices, directories and pipes have none, whatever their size field says (as Go reads it). */
function hasContent(typeflag: string): boolean {
  return !"123456".includes(typeflag);
}

function toEntry(
  raw: RawHeader,
  records: PaxRecords,
  longName: string | undefined,
  longLink: string | undefined,
): TarEntry {
  const written = paxText(records, "path") ?? longName ?? raw.name;
  let type = types[raw.typeflag];
  if (!type) throw new TarError(`unhandled tar header type ${raw.typeflag.charCodeAt(0)}`);
  // V7 archives have no type for directories but the slash.
  if (type === "file" && raw.typeflag !== "S" && written.endsWith("/")) type = "directory";
  const time = paxTime(records, "mtime");
  return {
    name: trimSlash(written),
    type,
    mode: raw.mode & 0o7777,
    uid: paxInteger(records, "uid") ?? raw.uid,
    gid: paxInteger(records, "gid") ?? raw.gid,
    uname: paxText(records, "uname") ?? raw.uname,
    gname: paxText(records, "gname") ?? raw.gname,
    size: 0,
    mtime: time ? time.seconds : raw.mtime,
    mtimeNanos: time ? time.nanos : 0,
    linkName: paxText(records, "linkpath") ?? longLink ?? raw.linkName,
    devMajor: raw.devMajor,
    devMinor: raw.devMinor,
    ...xattrsOf(records),
  };
}

function xattrsOf(records: PaxRecords): { xattrs?: Map<string, Uint8Array> } {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of records) {
    if (key.startsWith("SCHILY.xattr.")) (xattrs ??= new Map()).set(key.slice("SCHILY.xattr.".length), value);
  }
  return xattrs ? { xattrs } : {};
}

function isPaxSparse(records: PaxRecords): boolean {
  return records.has("GNU.sparse.map") || records.has("GNU.sparse.major") || records.has("GNU.sparse.numblocks");
}

function realSize(block: Uint8Array): number {
  const size = number(block, 483, 12);
  if (size < 0) throw headerError();
  return size;
}

/** Keeps a lone `/`. */
function trimSlash(name: string): string {
  let end = name.length;
  while (end > 1 && name.charCodeAt(end - 1) === 47) end--;
  return end === name.length ? name : name.slice(0, end);
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
