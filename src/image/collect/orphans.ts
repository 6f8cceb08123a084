import type { ImageDeps } from "../deps.ts";
import { allLayers, blobInUse, layerByChain } from "../layer-table.ts";
import { isLeased } from "../lease-table.ts";
import { collectBlob, snapshotInUse } from "./collect.ts";

/** What lies in the image store and no record names. */
export interface ImageOrphans {
  /** By key. */
  snapshots: string[];
  /** By chain id. */
  layers: string[];
  /** By digest. */
  blobs: string[];
  /** How many things were looked at. */
  seen: number;
}

/** Work that is under way holds its things by leases: they are none. */
export async function findImageOrphans(deps: ImageDeps): Promise<ImageOrphans> {
  const { keys, chainIds } = await deps.snapshotter.list();
  const known = new Set(allLayers(deps.store).map((layer) => layer.chain_id));
  const blobs: string[] = [];
  for await (const { digest } of deps.blobs.list()) blobs.push(digest);
  return {
    snapshots: keys.filter((key) => !snapshotInUse(deps, key)),
    layers: chainIds.filter((chainId) => !known.has(chainId) && !isLayerLeased(deps, chainId)),
    blobs: blobs.filter((digest) => !blobInUse(deps.store, digest, Date.now())),
    seen: keys.length + chainIds.length + blobs.length,
  };
}

/** Removes a snapshot that nobody uses, wherever it is mounted. */
export async function removeOrphanSnapshot(deps: ImageDeps, key: string): Promise<void> {
  for (const target of deps.snapshotter.mountsOf(key)) await deps.snapshotter.unmount(target, { volatile: true });
  if (!snapshotInUse(deps, key)) await deps.snapshotter.remove(key);
}

/** Removes a layer that no record names. */
export async function removeOrphanLayer(deps: ImageDeps, chainId: string): Promise<void> {
  if (layerByChain(deps.store, chainId) || isLayerLeased(deps, chainId)) return;
  await deps.snapshotter.removeLayer(chainId);
}

/** Removes a blob that nobody names. */
export const removeOrphanBlob = collectBlob;

const isLayerLeased = (deps: ImageDeps, key: string) => isLeased(deps.store, { kind: "layer", key }, Date.now());
