import { rm } from "node:fs/promises";
import { join } from "node:path";
import { internal } from "../../lib/errors.ts";
import type { Descriptor } from "../../oci/image.ts";
import { type Compression, compressionOf, mediaTypes, ociLayerType } from "../../oci/media-types.ts";
import type { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import { insertLayerBlob, type LayerRow, layerBlobs, layerByChain, layerSplit } from "../layer-table.ts";
import { layerPacking } from "./layer-source.ts";

/** A layer's archive that is in the blob store: as it was pulled or loaded, or compressed for an earlier push. */
export function storedArchive(deps: ImageDeps, diffId: string, compression?: Compression): Descriptor | undefined {
  const usable = layerBlobs(deps.store, diffId).filter((blob) => deps.blobs.has(blob.digest));
  const found = usable.find((blob) => compression === undefined || compressionOf(blob.media_type) === compression);
  return found && { mediaType: found.media_type, digest: found.digest, size: found.size };
}

/** How layers are packed for others. */
export interface LayerForm {
  /** Of layers that have no archive yet; default gzip. */
  compression?: Compression;
  /** Of those too that have one of another compression. */
  force?: boolean;
  /** How hard to compress what is compressed anew. */
  level?: number;
}

/**
 * The archive of the last layer of a chain, for a push: the one that it came as, whatever its compression, so that the
 * registry gets the bytes that it may know; else what it was loaded from, or a new archive, compressed once and kept
 * with the layer. The lease holds the blob.
 */
export async function layerArchive(
  deps: ImageDeps,
  chain: readonly string[],
  options: LayerForm & { lease: Lease; signal?: AbortSignal },
): Promise<Descriptor> {
  const { compression = "gzip", force = false, level, lease, signal } = options;
  const { diff_id: diffId } = layerOf(deps, chain);
  using _lock = await deps.locks.acquire(`archive ${diffId}`);
  const known = layerBlobs(deps.store, diffId).filter((blob) => {
    const its = compressionOf(blob.media_type);
    return its === compression || (!force && its !== "none");
  });
  // Several pushes of different compression leave several: that which is wanted goes first.
  for (const blob of known.toSorted(
    (a, b) => Number(compressionOf(b.media_type) === compression) - Number(compressionOf(a.media_type) === compression),
  )) {
    lease.add("blob", blob.digest);
    if (deps.blobs.has(blob.digest)) return { mediaType: blob.media_type, digest: blob.digest, size: blob.size };
  }
  const file = join(deps.paths.tmp, "images", `archive-${crypto.randomUUID()}`);
  try {
    const stored = storedArchive(deps, diffId, "none") ?? storedArchive(deps, diffId);
    const packing = stored ? undefined : await packingOf(deps, chain, diffId, signal);
    const packed = packing
      ? await deps.archiver.packToFile(
          packing.root,
          file,
          { ...packing.options, compression, ...(level !== undefined && { level }) },
          signal,
        )
      : await deps.archiver.recompress(deps.blobs.path(stored?.digest ?? ""), file, compression, level, signal);
    checkDiffId(packed.diffId, diffId);
    lease.add("blob", packed.digest);
    await deps.blobs.adopt(packed.digest, file);
    const mediaType = compression === "gzip" ? mediaTypes.ociLayerGzip : ociLayerType(compression);
    insertLayerBlob(deps.store, {
      diff_id: diffId,
      digest: packed.digest,
      media_type: mediaType,
      size: packed.written,
    });
    return { mediaType, digest: packed.digest, size: packed.written };
  } finally {
    await rm(file, { force: true });
  }
}

/** The uncompressed archive of a layer that has none in the store, made as it is read: its size is known before. */
export async function packedLayer(
  deps: ImageDeps,
  chain: readonly string[],
  signal?: AbortSignal,
): Promise<{ size: number; stream: () => AsyncIterable<Uint8Array> }> {
  const { diff_id: diffId, archive_size: known } = layerOf(deps, chain);
  const { root, options } = await packingOf(deps, chain, diffId, signal);
  const size = known ?? (await deps.archiver.measure(root, options, signal));
  const stream = () => deps.archiver.pack(root, options, (actual) => checkDiffId(actual, diffId));
  return { size, stream };
}

/** Of a layer that another engine unpacked: as that one had its archive. Else as this engine packs. */
async function packingOf(deps: ImageDeps, chain: readonly string[], diffId: string, signal: AbortSignal | undefined) {
  const source = deps.snapshotter.layerSource(chain);
  const split = layerSplit(deps.store, diffId);
  if (!split || !deps.blobs.has(split.digest)) return layerPacking(deps, source, signal);
  return { root: source.root, options: { split: deps.blobs.path(split.digest) } };
}

function layerOf(deps: ImageDeps, chain: readonly string[]): LayerRow {
  const layer = layerByChain(deps.store, chain.at(-1) ?? "");
  if (!layer) throw internal(`layer ${chain.at(-1)} does not exist`);
  return layer;
}

function checkDiffId(actual: string, expected: string): void {
  if (actual !== expected) throw internal(`the files of layer ${expected} were changed on disk: it packs as ${actual}`);
}
