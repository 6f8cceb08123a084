import { Lease } from "../../image/collect/lease.ts";
import { unlistedImage } from "../../image/images.ts";
import { layerSize } from "../../image/layer/find.ts";
import { registerLayer } from "../../image/layer/layers.ts";
import type { ImageRecord } from "../../image/record.ts";
import { invalid, notFound } from "../../lib/errors.ts";
import { chainIds, digestOf } from "../../oci/digest.ts";
import type { Descriptor, Platform } from "../../oci/image.ts";
import { isIndex, isManifest } from "../../oci/media-types.ts";
import { documentType, parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { formatPlatform, platformScore } from "../../oci/platform.ts";
import type { BuilderDeps } from "../deps.ts";
import { bringFromClient, type ClientBlobs, readDocument } from "../session/client-blobs.ts";

const maxDocumentBytes = 4 * 1024 * 1024;

/** An image in an OCI layout: a store of a build's client, or a folder that it sent. */
export interface LayoutImage {
  blobs: Pick<ClientBlobs, "read">;
  /** Of its manifest or index. */
  digest: string;
  /** Which are wanted, of one for several platforms. */
  platforms: readonly Platform[];
}

/**
 * Takes an image out of an OCI layout for the time of the build, one for each platform that is wanted: layers that are
 * here already are not asked for. It is none of this engine's images: nobody else sees it, and it is gone with the
 * build, whatever else has it too. Throws `invalid` and not-found.
 */
export async function layoutImages(
  deps: BuilderDeps,
  { blobs, digest, platforms }: LayoutImage,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<ImageRecord[]> {
  const lease = undo.use(new Lease(deps.images));
  const content = await readDocument(blobs, digest, maxDocumentBytes);
  const type = documentType(content);
  if (type === undefined || !isIndex(type)) return [await take(deps, blobs, content, lease, signal)];
  const chosen = platforms.map((platform) => choose(parseIndex(content, type).manifests, platform));
  const images: ImageRecord[] = [];
  for (const manifest of new Set(chosen)) {
    const one = await readDocument(blobs, manifest, maxDocumentBytes);
    images.push(await take(deps, blobs, one, lease, signal));
  }
  return images;
}

function choose(manifests: readonly Descriptor[], platform: Platform): string {
  const suits = (each: Descriptor) => (each.platform ? platformScore(platform, each.platform) : 0);
  const [best] = manifests.filter((each) => isManifest(each.mediaType)).toSorted((a, b) => suits(b) - suits(a));
  if (!best || suits(best) === 0) throw notFound(`no match for platform in manifest: ${formatPlatform(platform)}`);
  return best.digest;
}

async function take(
  deps: BuilderDeps,
  blobs: Pick<ClientBlobs, "read">,
  content: Uint8Array,
  lease: Lease,
  signal: AbortSignal,
): Promise<ImageRecord> {
  const { config: named, layers } = parseManifest(content);
  const config = await readDocument(blobs, named.digest, maxDocumentBytes);
  const diffIds = parseImageConfig(config).rootfs.diff_ids;
  if (diffIds.length !== layers.length)
    throw invalid(`the image has ${layers.length} layers but its configuration names ${diffIds.length}`);
  const chain = chainIds(diffIds);
  for (const [index, layer] of layers.entries()) {
    signal.throwIfAborted();
    const chainId = chain[index] ?? "";
    lease.add("layer", chainId);
    if (layerSize(deps.images, chainId) !== undefined && deps.images.snapshotter.has(chainId)) continue;
    lease.add("blob", layer.digest);
    await bringFromClient(deps.images, blobs, layer);
    await registerLayer(deps.images, {
      blobDigest: layer.digest,
      mediaType: layer.mediaType,
      diffId: diffIds[index] ?? "",
      parentChainId: chain[index - 1] ?? null,
      lease,
      signal,
    });
  }
  lease.add("blob", named.digest);
  await deps.images.blobs.put(config);
  return unlistedImage(deps.images, config, digestOf(content));
}
