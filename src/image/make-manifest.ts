import { digestOf } from "../oci/digest.ts";
import type { Descriptor, Manifest } from "../oci/image.ts";
import { compressionOf, mediaTypes, ociLayerType } from "../oci/media-types.ts";
import type { ImageContext } from "./context.ts";
import { layerArchive } from "./layer-archive.ts";
import type { Lease } from "./lease.ts";
import type { ImageRecord } from "./record.ts";
import { addImageBlobs, setManifest } from "./table.ts";

/**
 * Makes the manifest by which an image will be pushed and saved, with its layers compressed, and keeps it with the
 * image. Returns its descriptor, the platform with it.
 */
export async function makeManifest(ctx: ImageContext, image: ImageRecord, options: { annotations: Readonly<Record<string, string>>; lease: Lease; signal?: AbortSignal }): Promise<Descriptor> {
  const { annotations, lease, signal } = options;
  const layers = await Promise.all(image.diffIds.map(async (_, index): Promise<Descriptor> => {
    const { mediaType, digest, size } = await layerArchive(ctx, image.chainIds.slice(0, index + 1), { compression: "gzip", lease, ...(signal && { signal }) });
    return { mediaType: ociLayerType(compressionOf(mediaType) ?? "gzip"), digest, size };
  }));
  const config = await ctx.blobs.read(image.id);
  const manifest: Manifest = {
    schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: { mediaType: mediaTypes.ociConfig, digest: image.id, size: config.length }, layers,
    ...(Object.keys(annotations).length > 0 && { annotations: { ...annotations } }),
  };
  const content = Buffer.from(JSON.stringify(manifest, null, 2));
  const digest = digestOf(content);
  lease.add("blob", digest);
  await ctx.blobs.put(content);
  ctx.store.transaction(() => {
    setManifest(ctx.store, image.id, digest);
    addImageBlobs(ctx.store, image.id, [digest]);
  })();
  return { mediaType: mediaTypes.ociManifest, digest, size: content.length, platform: image.platform };
}
