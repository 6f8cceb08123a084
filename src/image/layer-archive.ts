import { rm } from "node:fs/promises";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import { compressionOf, mediaTypes, ociLayerType, type Compression } from "../oci/media-types.ts";
import type { Descriptor } from "../oci/image.ts";
import type { ImageContext } from "./context.ts";
import { insertLayerBlob, layerBlobs, layerByChain } from "./layer-table.ts";
import { layerPacking } from "./layer-source.ts";
import type { Lease } from "./lease.ts";

/** A layer's archive that is in the blob store: as it was pulled or loaded, or compressed for an earlier push. */
export function storedArchive(ctx: ImageContext, diffId: string, compression?: Compression): Descriptor | undefined {
  const usable = layerBlobs(ctx.store, diffId).filter((blob) => ctx.blobs.has(blob.digest));
  const found = usable.find((blob) => compression === undefined || compressionOf(blob.media_type) === compression);
  return found && { mediaType: found.media_type, digest: found.digest, size: found.size };
}

/**
 * The archive of the last layer of a chain, for a push: the one that it came as, whatever its compression, so that the
 * registry gets the bytes that it may know; else what it was loaded from, or a new archive, compressed once and kept
 * with the layer. The lease holds the blob.
 */
export async function layerArchive(
  ctx: ImageContext,
  chain: readonly string[],
  options: { compression?: "gzip" | "zstd"; lease: Lease; signal?: AbortSignal },
): Promise<Descriptor> {
  const { compression = "gzip", lease, signal } = options;
  const diffId = diffIdOf(ctx, chain);
  using _lock = await ctx.locks.acquire(`archive ${diffId}`);
  const known = layerBlobs(ctx.store, diffId).filter((blob) => compressionOf(blob.media_type) !== "none");
  // Several pushes of different compression leave several: that which is wanted goes first.
  for (const blob of known.toSorted((a, b) => Number(compressionOf(b.media_type) === compression) - Number(compressionOf(a.media_type) === compression))) {
    lease.add("blob", blob.digest);
    if (ctx.blobs.has(blob.digest)) return { mediaType: blob.media_type, digest: blob.digest, size: blob.size };
  }
  const file = join(ctx.paths.tmp, "images", `archive-${crypto.randomUUID()}`);
  try {
    const plain = storedArchive(ctx, diffId, "none");
    const packing = plain ? undefined : await layerPacking(ctx, ctx.snapshotter.layerSource(chain));
    const packed = packing
      ? await ctx.archiver.packToFile(packing.root, file, { ...packing.options, compression }, signal)
      : await ctx.archiver.recompress(ctx.blobs.path(plain?.digest ?? ""), file, compression, undefined, signal);
    checkDiffId(packed.diffId, diffId);
    lease.add("blob", packed.digest);
    await ctx.blobs.adopt(packed.digest, file);
    const mediaType = compression === "gzip" ? mediaTypes.ociLayerGzip : ociLayerType(compression);
    insertLayerBlob(ctx.store, { diff_id: diffId, digest: packed.digest, media_type: mediaType, size: packed.written });
    return { mediaType, digest: packed.digest, size: packed.written };
  } finally {
    await rm(file, { force: true });
  }
}

/** The uncompressed archive of a layer that has none in the store, made as it is read: its size is known before. */
export async function packedLayer(ctx: ImageContext, chain: readonly string[]): Promise<{ size: number; stream: () => AsyncIterable<Uint8Array> }> {
  const diffId = diffIdOf(ctx, chain);
  const { root, options } = await layerPacking(ctx, ctx.snapshotter.layerSource(chain));
  const size = await ctx.archiver.measure(root, options);
  async function* stream(): AsyncGenerator<Uint8Array> {
    const hash = new Bun.CryptoHasher("sha256");
    for await (const chunk of ctx.archiver.pack(root, options)) {
      hash.update(chunk);
      yield chunk;
    }
    checkDiffId(`sha256:${hash.digest("hex")}`, diffId);
  }
  return { size, stream };
}

function diffIdOf(ctx: ImageContext, chain: readonly string[]): string {
  const layer = layerByChain(ctx.store, chain.at(-1) ?? "");
  if (!layer) throw internal(`layer ${chain.at(-1)} does not exist`);
  return layer.diff_id;
}

function checkDiffId(actual: string, expected: string): void {
  if (actual !== expected) throw internal(`the files of layer ${expected} were changed on disk: it packs as ${actual}`);
}
