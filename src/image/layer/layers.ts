import { readFile } from "node:fs/promises";
import { invalid } from "../../lib/errors.ts";
import type { ExtractOptions, ExtractResult, ShareOptions } from "../../linux/archive/options.ts";
import { bootId } from "../../linux/boot-id.ts";
import { chainIds, digestOf, hexOf } from "../../oci/digest.ts";
import { compressionOf } from "../../oci/media-types.ts";
import type { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import {
  addBlobSource,
  chainTo,
  insertLayer,
  insertLayerBlob,
  layerByChain,
  markSynced,
  splitType,
} from "../layer-table.ts";
import { fixImplicitDirs } from "./implicit-dirs.ts";

/** Where a layer stands: what it must be, and upon what. */
export interface LayerPlace {
  /** Digest that the uncompressed archive must have. */
  diffId: string;
  /** The layers below; null for the lowest. */
  parentChainId: string | null;
  /**
   * Resolves when the parent is registered, for callers that register several layers at once: where the snapshotter
   * allows it, extraction begins before.
   */
  parentReady?: Promise<unknown>;
  lease: Lease;
  signal?: AbortSignal | undefined;
}

/** A layer to be unpacked and registered. */
export interface LayerRequest extends LayerPlace {
  /** The layer's archive, whole in the blob store. */
  blobDigest: string;
  /** Decides on the decompression. */
  mediaType: string;
  /** Repository (full name) that the blob came from. */
  source?: string;
}

/** A layer that another engine has unpacked, to be registered. */
export interface UnpackedLayerRequest extends LayerPlace {
  /** The directory of the files that are its own. */
  tree: string;
  /** The file that tar-split has made of its archive, gzipped. */
  split: string;
  /** How files may be shared with the tree, rather than written again. */
  share: Omit<ShareOptions, "tree">;
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
  if (!layerByChain(deps.store, chainId) || !deps.snapshotter.has(chainId)) {
    const compression = compressionOf(mediaType) ?? "auto";
    await unpack(deps, request, chainId, (root, options) =>
      deps.archiver.extract(
        { file: deps.blobs.path(blobDigest) },
        root,
        { ...options, digest: true, compression },
        request.signal,
      ),
    );
  }
  const size = deps.blobs.size(blobDigest);
  if (size !== undefined)
    insertLayerBlob(deps.store, { diff_id: diffId, digest: blobDigest, media_type: mediaType, size });
  if (request.source) addBlobSource(deps.store, blobDigest, request.source);
  return chainId;
}

/**
 * As {@link registerLayer}, of a tree. Its archive is made again from tree and tar-split, so whatever is not as it was
 * when it was unpacked is found. The second is kept, for the archive of a later push. Returns how many bytes are
 * shared.
 */
export async function registerUnpackedLayer(
  deps: ImageDeps,
  request: UnpackedLayerRequest,
): Promise<{ chainId: string; shared: number }> {
  const { tree, split, share, diffId, parentChainId, lease, signal } = request;
  const chainId = chainOn(parentChainId, diffId);
  lease.add("layer", chainId);
  using _lock = await deps.locks.acquire(`layer ${chainId}`);
  if (layerByChain(deps.store, chainId) && deps.snapshotter.has(chainId)) return { chainId, shared: 0 };
  const kept = await readFile(split);
  const digest = digestOf(kept);
  lease.add("blob", digest);
  await deps.blobs.put(kept);
  const { shared } = await unpack(deps, request, chainId, (root, options) =>
    deps.archiver.rebuild(tree, split, root, { ...options, share: { ...share, tree } }, signal),
  );
  insertLayerBlob(deps.store, { diff_id: diffId, digest, media_type: splitType, size: kept.length });
  return { chainId, shared };
}

/** The chain id of a layer upon others. */
export function chainOn(parentChainId: string | null, diffId: string): string {
  return parentChainId === null ? diffId : (chainIds([parentChainId, diffId])[1] ?? diffId);
}

async function unpack(
  deps: ImageDeps,
  { diffId, parentChainId, parentReady, lease }: LayerPlace,
  chainId: string,
  fill: (root: string, options: ExtractOptions) => Promise<ExtractResult>,
): Promise<ExtractResult> {
  const key = layerKey(hexOf(chainId));
  lease.add("snapshot", key);
  await using undo = new AsyncDisposableStack();
  // If something below fails first, a later rejection of the parent must not count as unhandled.
  parentReady?.catch(() => {});
  if (deps.snapshotter.needsParents) await parentReady;
  await deps.snapshotter.prepare(key, chainTo(deps.store, parentChainId));
  undo.defer(() => deps.snapshotter.remove(key));
  const target = deps.snapshotter.applyTarget(key);
  const result = await fill(target.root, { whiteouts: target.whiteouts, rootAttributes: true });
  if (result.diffId !== diffId) throw invalid(`wrong diff id calculated on extraction "${result.diffId}"`);
  await parentReady;
  fixImplicitDirs(target.root, result.implicitDirs, deps.snapshotter.lookupRoots(chainTo(deps.store, parentChainId)));
  await deps.snapshotter.commit(key, chainId);
  // Should the machine go down before the files are on disk, they are unpacked again, where their archive is here.
  insertLayer(deps.store, {
    chain_id: chainId,
    parent_chain_id: parentChainId,
    diff_id: diffId,
    size: result.bytes,
    unsynced_boot: bootId(),
    archive_size: null,
  });
  undo.move();
  return result;
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
