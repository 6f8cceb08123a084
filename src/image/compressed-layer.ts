import { rmSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import type { Descriptor } from "../oci/image.ts";
import { compressionOf, ociLayerType } from "../oci/media-types.ts";
import type { ImageContext } from "./context.ts";
import { insertLayerBlob, layerBlobs } from "./layer-table.ts";
import { layerPacking } from "./layer-source.ts";
import type { Lease } from "./lease.ts";

/**
 * The compressed archive of a layer, as registries have them: the one that it came by where that is here, else packed
 * and compressed now, once. `chain` ends with the layer. The lease holds the blob.
 */
export async function compressedLayer(ctx: ImageContext, chain: readonly string[], diffId: string, options: { compression: "gzip" | "zstd"; lease: Lease; signal?: AbortSignal }): Promise<Descriptor> {
  const { compression, lease, signal } = options;
  using _lock = await ctx.locks.acquire(`compress ${diffId}`);
  for (const blob of layerBlobs(ctx.store, diffId)) {
    lease.add("blob", blob.digest);
    const packed = compressionOf(blob.media_type);
    if (packed !== undefined && packed !== "none" && ctx.blobs.has(blob.digest)) return { mediaType: blob.media_type, digest: blob.digest, size: blob.size };
  }
  const { root, options: packing } = await layerPacking(ctx, ctx.snapshotter.layerSource(chain));
  const file = join(ctx.paths.tmp, "images", `layer-${crypto.randomUUID()}`);
  try {
    const result = await ctx.archiver.packToFile(root, file, { ...packing, compression }, signal);
    if (result.diffId !== diffId) throw internal(`layer ${diffId} packs into another archive (${result.diffId}): its files were changed on disk`);
    lease.add("blob", result.digest);
    await ctx.blobs.adopt(result.digest, file);
    const mediaType = ociLayerType(compression);
    insertLayerBlob(ctx.store, { diff_id: diffId, digest: result.digest, media_type: mediaType, size: result.written });
    return { mediaType, digest: result.digest, size: result.written };
  } finally {
    rmSync(file, { force: true });
  }
}
