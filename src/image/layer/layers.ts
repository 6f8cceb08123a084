import { invalid } from "../../lib/errors.ts";
import { bootId } from "../../linux/boot-id.ts";
import { chainIds, hexOf } from "../../oci/digest.ts";
import { compressionOf } from "../../oci/media-types.ts";
import type { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import { addBlobSource, chainTo, insertLayer, insertLayerBlob, layerByChain, markSynced } from "../layer-table.ts";
import { fixImplicitDirs } from "./implicit-dirs.ts";

/** A layer to be unpacked and registered. */
export interface LayerRequest {
  /** The layer's archive, whole in the blob store. */
  blobDigest: string;
  /** Decides on the decompression. */
  mediaType: string;
  /** Digest that the uncompressed archive must have. */
  diffId: string;
  /** The layers below; null for the lowest. */
  parentChainId: string | null;
  /**
   * Resolves when the parent is registered, for callers that register several layers at once: where the snapshotter
   * allows it, extraction begins before.
   */
  parentReady?: Promise<unknown>;
  /** Repository (full name) that the blob came from. */
  source?: string;
  lease: Lease;
  signal?: AbortSignal | undefined;
}

/**
 * Unpacks a layer (unless it is there), checks it against its diffID and makes it known. Returns its chain id, which
 * the lease holds. Throws `invalid` where the archive is broken or is another than the configuration says.
 */
export async function registerLayer(deps: ImageDeps, request: LayerRequest): Promise<string> {
  const { blobDigest, mediaType, diffId, parentChainId, lease } = request;
  const chainId = chainOn(parentChainId, diffId);
  lease.add("blob", blobDigest);
  lease.add("layer", chainId);
  using _lock = await deps.locks.acquire(`layer ${chainId}`);
  if (!layerByChain(deps.store, chainId) || !deps.snapshotter.has(chainId)) await unpack(deps, request, chainId);
  const size = deps.blobs.size(blobDigest);
  if (size !== undefined)
    insertLayerBlob(deps.store, { diff_id: diffId, digest: blobDigest, media_type: mediaType, size });
  if (request.source) addBlobSource(deps.store, blobDigest, request.source);
  return chainId;
}

/** The chain id of a layer upon others. */
export function chainOn(parentChainId: string | null, diffId: string): string {
  return parentChainId === null ? diffId : (chainIds([parentChainId, diffId])[1] ?? diffId);
}

async function unpack(deps: ImageDeps, request: LayerRequest, chainId: string): Promise<void> {
  const { blobDigest, mediaType, diffId, parentChainId, parentReady, lease, signal } = request;
  const key = layerKey(hexOf(chainId));
  lease.add("snapshot", key);
  await using undo = new AsyncDisposableStack();
  // If something below fails first, a later rejection of the parent must not count as unhandled.
  parentReady?.catch(() => {});
  if (deps.snapshotter.needsParents) await parentReady;
  await deps.snapshotter.prepare(key, chainTo(deps.store, parentChainId));
  undo.defer(() => deps.snapshotter.remove(key));
  const target = deps.snapshotter.applyTarget(key);
  const result = await deps.archiver.extract(
    { file: deps.blobs.path(blobDigest) },
    target.root,
    {
      whiteouts: target.whiteouts,
      rootAttributes: true,
      digest: true,
      compression: compressionOf(mediaType) ?? "auto",
    },
    signal,
  );
  if (result.diffId !== diffId) throw invalid(`wrong diff id calculated on extraction "${result.diffId}"`);
  await parentReady;
  fixImplicitDirs(target.root, result.implicitDirs, deps.snapshotter.lookupRoots(chainTo(deps.store, parentChainId)));
  await deps.snapshotter.commit(key, chainId);
  // The blob is on disk; should the machine go down before the files are, they are unpacked again.
  insertLayer(deps.store, {
    chain_id: chainId,
    parent_chain_id: parentChainId,
    diff_id: diffId,
    size: result.bytes,
    unsynced_boot: bootId(),
  });
  undo.move();
}

/** Key of a snapshot that is to become a layer. Unique: a crashed attempt may have left one. */
export function layerKey(name: string): string {
  return `layer-${name.slice(0, 12)}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Waits until these layers are on disk, and notes that. */
export async function syncLayers(deps: ImageDeps, chain: readonly string[]): Promise<void> {
  const waiting = chain.filter((chainId) => layerByChain(deps.store, chainId)?.unsynced_boot != null);
  if (waiting.length === 0) return;
  await deps.archiver.sync(deps.paths.layers);
  markSynced(deps.store, waiting);
}
