import type { Descriptor, Index } from "../../oci/image.ts";
import { isManifest, mediaTypes } from "../../oci/media-types.ts";
import { parseIndex, parseManifest } from "../../oci/parse.ts";
import type { ImageDeps } from "../deps.ts";

/** An index all of whose content is here: it can be saved and pushed as it is. */
export interface WholeIndex extends Descriptor {
  index: Index;
  /** The index itself, the manifests that it names, their configurations and layers: each once. */
  blobs: Descriptor[];
  /** The manifests, each with the blobs that it names. */
  manifests: { descriptor: Descriptor; blobs: Descriptor[] }[];
}

/** Undefined where something of it is missing, as when one of its images was removed. */
export async function wholeIndex(deps: ImageDeps, digest: string): Promise<WholeIndex | undefined> {
  const content = await read(deps, digest);
  if (!content) return undefined;
  const index = parseIndex(content);
  const manifests: WholeIndex["manifests"] = [];
  for (const descriptor of index.manifests) {
    const bytes = isManifest(descriptor.mediaType) ? await read(deps, descriptor.digest) : undefined;
    if (!bytes) return undefined;
    const { config, layers } = parseManifest(bytes, descriptor.mediaType);
    const blobs = [config, ...layers];
    if (!blobs.every((blob) => deps.blobs.has(blob.digest))) return undefined;
    manifests.push({ descriptor, blobs });
  }
  const self = { mediaType: index.mediaType ?? mediaTypes.ociIndex, digest, size: content.length };
  const all = [self, ...manifests.flatMap(({ descriptor, blobs }) => [descriptor, ...blobs])];
  return { ...self, index, manifests, blobs: [...new Map(all.map((blob) => [blob.digest, blob])).values()] };
}

async function read(deps: ImageDeps, digest: string): Promise<Uint8Array | undefined> {
  return deps.blobs.has(digest) ? deps.blobs.read(digest) : undefined;
}
