import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { BlobStore, BlobWriter } from "../../oci/blobs.ts";
import { type Pieces, type ReadAt, readPieces, type TocDigest, tocDigest } from "../../oci/chunked.ts";
import type { Descriptor } from "../../oci/image.ts";
import type { RegistryClient } from "./client.ts";
import type { FetchBlobOptions } from "./fetch-blob.ts";
import { Ranges } from "./ranges.ts";

/** A stretch of the new blob: bytes of one that is here, bytes at hand, or bytes to be fetched. */
type Stretch = { start: number; end: number } & (
  | { from: "blob"; digest: string; at: number }
  | { from: "memory"; bytes: Uint8Array }
  | { from: "registry" }
);

/** Less than this is fetched with what stands around it: to ask once more takes as long. */
const shortest = 64 << 10;

/** What is spared must be worth the asking. */
const leastSpared = 1 << 20;

/**
 * Brings a layer into the store of which others that are here have a part: only the rest is fetched. For layers that
 * are compressed in pieces (zstd:chunked, eStargz), `similar` being digests of such that may be like it. The store
 * holds the whole against its digest, so nobody need believe any table. Returns whether the blob is there now: where
 * little is spared, the registry gives no ranges or the result is not what it must be, it is to be fetched as always.
 */
export async function assembleBlob(
  client: RegistryClient,
  repository: string,
  descriptor: Descriptor,
  similar: readonly string[],
  blobs: BlobStore,
  options: FetchBlobOptions & { log: Logger },
): Promise<boolean> {
  const expected = tocDigest(descriptor.annotations);
  if (!expected || similar.length === 0) return false;
  try {
    const ranges = new Ranges(client, repository, descriptor, options);
    const stretches = await plan(ranges, descriptor, expected, similar, blobs);
    if (!stretches) return false;
    await using writer = await blobs.writer(descriptor.digest, descriptor.size);
    for (const stretch of stretches) await write(stretch, writer, ranges, blobs, options);
    await writer.commit();
    return true;
  } catch (error) {
    options.signal?.throwIfAborted();
    options.log.warn("a layer could not be put together of what is here, and is fetched whole", {
      digest: descriptor.digest,
      error: errorMessage(error),
    });
    return false;
  }
}

/** undefined where too little is here. */
async function plan(
  ranges: Ranges,
  descriptor: Descriptor,
  expected: TocDigest,
  similar: readonly string[],
  blobs: BlobStore,
): Promise<Stretch[] | undefined> {
  const here = new Map<bigint, { digest: string; at: number; length: number }>();
  for (const digest of similar) {
    const known = await localPieces(blobs, digest);
    for (const { key, start, end } of known?.pieces ?? []) here.set(key, { digest, at: start, length: end - start });
  }
  if (here.size === 0) return undefined;
  const wanted = await readPieces((start, end) => ranges.read(start, end), descriptor.size, expected);
  if (!wanted) return undefined;
  const stretches: Stretch[] = [];
  for (const { key, start, end } of wanted.pieces) {
    const found = here.get(key);
    join(
      stretches,
      found && found.length === end - start
        ? { start, end, from: "blob", digest: found.digest, at: found.at }
        : { start, end, from: "registry" },
    );
  }
  const { start, bytes } = wanted.tail;
  const joined = withoutShort(stretches);
  const spared = joined.reduce((sum, each) => sum + (each.from === "blob" ? each.end - each.start : 0), 0);
  if (spared < leastSpared) return undefined;
  return [...joined, { start, end: descriptor.size, from: "memory", bytes }];
}

/** undefined where the blob is gone, or is no such layer. */
async function localPieces(blobs: BlobStore, digest: string): Promise<Pieces | undefined> {
  const size = blobs.size(digest);
  if (size === undefined) return undefined;
  const read: ReadAt = async (start, end) =>
    new Uint8Array(await Bun.file(blobs.path(digest)).slice(start, end).bytes());
  try {
    return await readPieces(read, size);
  } catch {
    // Nobody has promised that it has a table.
    return undefined;
  }
}

/** Adds a stretch, as a part of the last one where it goes on. */
function join(stretches: Stretch[], next: Stretch): void {
  const last = stretches.at(-1);
  const goesOn =
    last?.from === "registry"
      ? next.from === "registry"
      : last?.from === "blob" &&
        next.from === "blob" &&
        last.digest === next.digest &&
        last.at + last.end - last.start === next.at;
  if (last && goesOn) last.end = next.end;
  else stretches.push({ ...next });
}

function withoutShort(stretches: readonly Stretch[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const each of stretches) {
    const { start, end } = each;
    join(joined, each.from === "blob" && end - start < shortest ? { start, end, from: "registry" } : each);
  }
  return joined;
}

/** Nothing is done of what an earlier attempt has written already. */
async function write(
  stretch: Stretch,
  writer: BlobWriter,
  ranges: Ranges,
  blobs: BlobStore,
  { progress, signal }: FetchBlobOptions,
): Promise<void> {
  const skip = writer.offset - stretch.start;
  if (writer.offset >= stretch.end) return;
  const source =
    stretch.from === "memory"
      ? [stretch.bytes.subarray(skip)]
      : stretch.from === "blob"
        ? blobs.stream(stretch.digest, { start: stretch.at + skip, end: stretch.at + stretch.end - stretch.start })
        : ranges.stream(writer.offset, stretch.end);
  for await (const chunk of source) {
    signal?.throwIfAborted();
    await writer.write(chunk);
    progress?.(writer.offset);
  }
}
