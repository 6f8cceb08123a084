import { Lease } from "../../image/collect/lease.ts";
import { hasImage } from "../../image/find.ts";
import { registerImage } from "../../image/images.ts";
import { registerIndex } from "../../image/index/register-index.ts";
import { layerSize } from "../../image/layer/find.ts";
import { registerLayer } from "../../image/layer/layers.ts";
import type { ImageRecord } from "../../image/record.ts";
import { removeImage } from "../../image/remove.ts";
import { invalid, notFound } from "../../lib/errors.ts";
import { chainIds } from "../../oci/digest.ts";
import type { Descriptor, Platform } from "../../oci/image.ts";
import { isIndex, isManifest } from "../../oci/media-types.ts";
import { documentType, parseImageConfig, parseIndex, parseManifest } from "../../oci/parse.ts";
import { formatPlatform, platformScore } from "../../oci/platform.ts";
import type { BuilderDeps } from "../deps.ts";
import { bringFromClient, type ClientBlobs, readDocument } from "../session/client-blobs.ts";

const maxDocumentBytes = 4 * 1024 * 1024;

/** An image in a store of a build's client. */
export interface ClientImage {
  blobs: ClientBlobs;
  /** Of its manifest or index. */
  digest: string;
  /** Which are wanted, of one for several platforms. */
  platforms: readonly Platform[];
}

/**
 * Takes an image out of an OCI layout of a build's client for the time of the build: layers that are here already are
 * not asked for. Returns what it is found by. Throws `invalid` and not-found.
 */
export async function clientLayoutImage(
  deps: BuilderDeps,
  { blobs, digest, platforms }: ClientImage,
  undo: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<string> {
  const lease = undo.use(new Lease(deps.images));
  const content = await readDocument(blobs, digest, maxDocumentBytes);
  const type = documentType(content);
  if (type === undefined || !isIndex(type)) return (await take(deps, blobs, content, lease, undo, signal)).id;
  const chosen = platforms.map((platform) => choose(parseIndex(content, type).manifests, platform));
  const members: ImageRecord[] = [];
  for (const manifest of new Set(chosen)) {
    const one = await readDocument(blobs, manifest, maxDocumentBytes);
    members.push(await take(deps, blobs, one, lease, undo, signal));
  }
  return (await registerIndex(deps.images, { content, members, lease })).digest;
}

function choose(manifests: readonly Descriptor[], platform: Platform): string {
  const suits = (each: Descriptor) => (each.platform ? platformScore(platform, each.platform) : 0);
  const [best] = manifests.filter((each) => isManifest(each.mediaType)).toSorted((a, b) => suits(b) - suits(a));
  if (!best || suits(best) === 0) throw notFound(`no match for platform in manifest: ${formatPlatform(platform)}`);
  return best.digest;
}

async function take(
  deps: BuilderDeps,
  blobs: ClientBlobs,
  content: Uint8Array,
  lease: Lease,
  undo: AsyncDisposableStack,
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
  const known = hasImage(deps.images, named.digest);
  const image = await registerImage(deps.images, { config, lease });
  // Nothing of it is to be seen in the image store afterwards, unless somebody else has named it.
  if (!known)
    undo.defer(() =>
      removeImage(deps.images, image.id).then(
        () => {},
        () => {},
      ),
    );
  return image;
}
