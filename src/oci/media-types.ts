/** Media types of manifests, configs and layers: the OCI image specification's and Docker's. */
export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestV1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerManifestV1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
  dockerPluginConfig: "application/vnd.docker.plugin.v1+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  dockerForeignLayer: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
} as const;

/** The compression of a layer's archive, as its media type tells. */
export type Compression = "none" | "gzip" | "zstd";

const layerCompression = new Map<string, Compression>([
  [mediaTypes.ociLayer, "none"],
  [mediaTypes.ociLayerGzip, "gzip"],
  [mediaTypes.ociLayerZstd, "zstd"],
  [mediaTypes.dockerLayer, "none"],
  [mediaTypes.dockerLayerGzip, "gzip"],
  [mediaTypes.dockerLayerZstd, "zstd"],
  [mediaTypes.dockerForeignLayer, "gzip"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar", "none"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd"],
]);

/** How a layer of this media type is compressed; undefined where it is no layer type. */
export function compressionOf(mediaType: string): Compression | undefined {
  return layerCompression.get(mediaType);
}

/** Whether content of this type is a layer archive. */
export function isLayerType(mediaType: string): boolean {
  return layerCompression.has(mediaType);
}

/** A layer that its publisher keeps out of registries ("foreign", "nondistributable"): fetched by its own URLs. */
export function isForeignLayer(mediaType: string): boolean {
  return mediaType.includes(".foreign.") || mediaType.includes(".nondistributable.");
}

/** An index of images: OCI's, or Docker's manifest list. */
export function isIndex(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** A manifest of one image: OCI's or Docker's. */
export function isManifest(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** The OCI layer type for a compression. */
export function ociLayerType(compression: Compression): string {
  return { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd }[compression];
}
