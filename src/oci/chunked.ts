import { Breath } from "../lib/breath.ts";
import { decompress } from "../lib/decompress.ts";
import { invalid } from "../lib/errors.ts";
import { parseJson } from "../lib/parse-json.ts";
import { digestOf } from "./digest.ts";

/**
 * Layers that are compressed in pieces, with a table of contents (TOC) at their end: zstd:chunked and eStargz. What
 * each piece is can be told from the table alone, so what two layers have in common is known before it is fetched.
 */

/** A piece of a compressed layer. Pieces with one key have the same bytes if the same program has made them. */
export interface Piece {
  key: bigint;
  start: number;
  end: number;
}

/** A layer's table: its pieces, in order and without gaps, up to where the table begins. */
export interface Pieces {
  pieces: Piece[];
  /** All from there to the layer's end: the table itself. */
  tail: { start: number; bytes: Uint8Array };
}

/** Reads bytes of a layer, `end` not included. */
export type ReadAt = (start: number, end: number) => Promise<Uint8Array>;

/** What a manifest says of the table in its layer's annotations: its digest, over what. */
export interface TocDigest {
  over: "archive" | "content";
  digest: string;
}

const zstdDigest = "io.github.containers.zstd-chunked.manifest-checksum";
const stargzDigest = "containerd.io/snapshot/stargz/toc.digest";

/** Enough for a million files; a hostile one could claim all memory. */
const mostToc = 64 << 20;

/** undefined where the layer has no table that the manifest vouches for. */
export function tocDigest(annotations: Record<string, string> | undefined): TocDigest | undefined {
  const [zstd, stargz] = [annotations?.[zstdDigest], annotations?.[stargzDigest]];
  if (typeof zstd === "string") return { over: "archive", digest: zstd };
  return typeof stargz === "string" ? { over: "content", digest: stargz } : undefined;
}

/**
 * Reads the table of a layer of `size` bytes; undefined where it has none. `expected`: the digest that it must have.
 * Throws `invalid` where the table is another, or makes no sense.
 */
export async function readPieces(read: ReadAt, size: number, expected?: TocDigest): Promise<Pieces | undefined> {
  const place = placeOf(await read(Math.max(0, size - FOOTER), size), size);
  if (!place) return undefined;
  if (place.start < 0 || place.end > size || place.start > place.end || size - place.frame > mostToc)
    throw invalid("the layer's table of contents is out of its bounds");
  const tail = await read(place.frame, size);
  const archive = tail.subarray(place.start - place.frame, place.end - place.frame);
  const unpacked = await contentOf(archive, place.packing);
  const content = place.packing === "gzip" ? firstMember(unpacked) : unpacked;
  if (expected) {
    const digest = digestOf(expected.over === "archive" ? archive : content);
    if (digest !== expected.digest)
      throw invalid(`the layer's table of contents is ${digest}, but its manifest says ${expected.digest}`);
  }
  return { pieces: await piecesOf(entriesOf(content), place.frame), tail: { start: place.frame, bytes: tail } };
}

/** The longest of the footers: a frame of zstd that holds eight numbers. */
const FOOTER = 72;
const STARGZ_FOOTER = 51;
/** Of a frame that decompressors skip: what it is, its length. */
const FRAME_HEADER = 8;

interface Place {
  packing: "gzip" | "zstd";
  /** Where the part of the layer begins that is not an archive of files. */
  frame: number;
  start: number;
  end: number;
}

function placeOf(footer: Uint8Array, size: number): Place | undefined {
  const bytes = Buffer.from(footer.buffer, footer.byteOffset, footer.length);
  if (bytes.length === FOOTER && bytes.toString("latin1", FOOTER - 8) === "GNUlInUx") {
    const start = Number(bytes.readBigUInt64LE(FRAME_HEADER));
    const length = Number(bytes.readBigUInt64LE(FRAME_HEADER + 8));
    return { packing: "zstd", frame: start - FRAME_HEADER, start, end: start + length };
  }
  const stargz = /SG..([0-9a-f]{16})STARGZ/s.exec(bytes.toString("latin1", Math.max(0, bytes.length - STARGZ_FOOTER)));
  if (!stargz?.[1]) return undefined;
  const start = Number.parseInt(stargz[1], 16);
  return { packing: "gzip", frame: start, start, end: size - STARGZ_FOOTER };
}

async function contentOf(archive: Uint8Array, packing: "gzip" | "zstd"): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of decompress(once(archive), packing)) {
    length += part.length;
    if (length > mostToc) throw invalid("the layer's table of contents is too long");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** eStargz has the table in an archive of one file. */
function firstMember(archive: Uint8Array): Uint8Array {
  const size = Number.parseInt(Buffer.from(archive.subarray(124, 136)).toString("latin1"), 8);
  if (!(size >= 0 && 512 + size <= archive.length)) throw invalid("the layer's table of contents is cut off");
  return archive.subarray(512, 512 + size);
}

/** What of an entry tells pieces apart; the rest is in the header of the archive, and told as it is. */
interface Entry extends Record<string, unknown> {
  type: string;
  offset?: unknown;
  endOffset?: unknown;
  size?: unknown;
  digest?: unknown;
  chunkDigest?: unknown;
}

function entriesOf(content: Uint8Array): Entry[] {
  const toc = parseJson(new TextDecoder().decode(content));
  if (typeof toc !== "object" || toc === null || !("entries" in toc) || !Array.isArray(toc.entries))
    throw invalid("the layer's table of contents has no entries");
  return toc.entries.filter(
    (entry): entry is Entry => typeof entry === "object" && entry !== null && typeof entry.type === "string",
  );
}

/** Fields that say where something is, or what a file's content is: no part of its header. */
const notInHeader = new Set([
  ...["offset", "endOffset", "innerOffset", "digest"],
  ...["chunkDigest", "chunkSize", "chunkOffset", "NumLink"],
]);

async function piecesOf(entries: readonly Entry[], end: number): Promise<Piece[]> {
  const breath = new Breath();
  const pieces: Piece[] = [];
  let start = 0;
  /** What decides on the bytes since `start`. */
  let told = "";
  const cut = (at: unknown): void => {
    if (typeof at !== "number" || !Number.isSafeInteger(at) || at < start || at > end)
      throw invalid("the layer's table of contents contradicts itself");
    if (at === start) return;
    pieces.push({ key: Bun.hash.xxHash64(told), start, end: at });
    start = at;
    told = "";
  };
  let file: Entry | undefined;
  const endFile = (): void => {
    if (!file) return;
    if (file.endOffset !== undefined) cut(file.endOffset);
    told += `padded ${paddingOf(file)}\n`;
    file = undefined;
  };
  for (const entry of entries) {
    if (breath.due) await breath.take();
    if (entry.type !== "chunk") {
      endFile();
      file = entry.type === "reg" && typeof entry.size === "number" && entry.size > 0 ? entry : undefined;
      told += `${JSON.stringify(entry, (key, value) => (notInHeader.has(key) ? undefined : value))}\n`;
    }
    if (!file) continue;
    cut(entry.offset);
    told += `${entry.chunkDigest ?? file.digest}\n`;
  }
  endFile();
  cut(end);
  return pieces;
}

/** What follows a file in the archive depends on that much of its size. */
function paddingOf({ size }: Entry): number {
  return typeof size === "number" ? size % 512 : 0;
}
