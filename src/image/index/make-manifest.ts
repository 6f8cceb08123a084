import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest, Platform } from "../../oci/image.ts";
import { type Compression, compressionOf, mediaTypes, ociLayerType } from "../../oci/media-types.ts";
import type { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import { type LayerForm, layerArchive } from "../layer/layer-archive.ts";
import type { ImageRecord } from "../record.ts";
import { addImageBlobs, setManifest } from "../table.ts";

/** What a manifest is made of: an image whose configuration is in the blob store and whose layers are registered. */
export type ImageParts = Pick<ImageRecord, "id" | "chainIds" | "diffIds" | "platform">;

/** How a manifest is made. */
export interface ManifestRequest extends LayerForm {
  annotations: Readonly<Record<string, string>>;
  /** Docker's media types in place of OCI's. */
  docker?: boolean;
  /** Holds the manifest and its layers. */
  lease: Lease;
  signal?: AbortSignal;
}

/** A manifest in the blob store. */
export interface MadeManifest {
  /** With its platform. */
  descriptor: Descriptor;
  /** The configuration and the layers. */
  blobs: Descriptor[];
}

/** Makes the manifest by which an image can be pushed and saved, with its layers compressed. */
export async function makeManifest(
  deps: ImageDeps,
  image: ImageParts,
  { annotations, docker = false, ...form }: ManifestRequest,
): Promise<MadeManifest> {
  const { lease } = form;
  const layers = await Promise.all(
    image.diffIds.map(async (_, index): Promise<Descriptor> => {
      const { mediaType, digest, size } = await layerArchive(deps, image.chainIds.slice(0, index + 1), form);
      const compression = compressionOf(mediaType) ?? "gzip";
      return { mediaType: docker ? dockerLayerType[compression] : ociLayerType(compression), digest, size };
    }),
  );
  lease.add("blob", image.id);
  const config: Descriptor = {
    mediaType: docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
    digest: image.id,
    size: (await deps.blobs.read(image.id)).length,
  };
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType,
    config,
    layers,
    ...(Object.keys(annotations).length > 0 && { annotations: { ...annotations } }),
  };
  const content = Buffer.from(JSON.stringify(manifest, null, 2));
  const digest = digestOf(content);
  lease.add("blob", digest);
  await deps.blobs.put(content);
  return {
    descriptor: { mediaType, digest, size: content.length, platform: ordered(image.platform) },
    blobs: [config, ...layers],
  };
}

/** Equal platforms as equal bytes, in the order that others write them in. */
const ordered = ({ architecture, os, ...more }: Platform): Platform => ({ architecture, os, ...more });

const dockerLayerType: Record<Compression, string> = {
  none: mediaTypes.dockerLayer,
  gzip: mediaTypes.dockerLayerGzip,
  zstd: mediaTypes.dockerLayerZstd,
};

/** Has an image pushed and saved by a manifest that was made of it. */
export function keepManifest(deps: ImageDeps, imageId: string, digest: string): void {
  deps.store.transaction(() => {
    setManifest(deps.store, imageId, digest);
    addImageBlobs(deps.store, imageId, [digest]);
  })();
}
