import { errorMessage } from "../../lib/errors.ts";
import type { ImageDeps } from "../deps.ts";
import {
  blobInUse,
  blobsOf,
  deleteLayerBlob,
  deleteLayerRow,
  isLoose,
  layerByChain,
  looseLayers,
  rootfsRow,
} from "../layer-table.ts";
import { endLease, expiredLeases, isLeased, type LeaseItem } from "../lease-table.ts";

/**
 * Garbage collection. Asking the database, deleting the row and renaming the files away happen in one turn of the event
 * loop, so that nobody can take hold of a thing in between; the content is freed after. A crash at any point leaves
 * things that nothing names, which the next round finds.
 */

/** Removes every layer and blob that nothing names or leases. Returns the layers that went. */
export async function collectGarbage(deps: ImageDeps): Promise<{ layers: { chainId: string; size: number }[] }> {
  for (const id of expiredLeases(deps.store, Date.now())) await collectItems(deps, endLease(deps.store, id));
  const layers = await collectLayers(deps);
  for await (const { digest } of deps.blobs.list()) await collectBlob(deps, digest);
  return { layers };
}

/** The same for what a lease held, without a look at the rest. */
export async function collectItems(deps: ImageDeps, items: readonly LeaseItem[]): Promise<void> {
  const snapshots = items.filter((item) => item.kind === "snapshot" && !snapshotInUse(deps, item.key));
  await Promise.all(snapshots.map((item) => quietly(deps, item.key, deps.snapshotter.remove(item.key))));
  if (items.some((item) => item.kind === "layer")) await collectLayers(deps);
  await Promise.all(items.filter((item) => item.kind === "blob").map((item) => collectBlob(deps, item.key)));
}

/** Takes layers that nothing stands upon, from the top down, and the archives that belonged to them alone. */
export async function collectLayers(deps: ImageDeps): Promise<{ chainId: string; size: number }[]> {
  const gone: { chainId: string; size: number }[] = [];
  const removals: Promise<void>[] = [];
  const blobs: string[] = [];
  let unused = deps.layerUsers.unusedOf(looseLayers(deps.store, Date.now()));
  while (unused.length > 0) {
    const parents = new Set<string>();
    for (const chainId of unused) {
      const row = layerByChain(deps.store, chainId);
      if (!row) continue;
      blobs.push(...blobsOf(deps.store, row.diff_id).map((blob) => blob.digest));
      deleteLayerRow(deps.store, chainId);
      if (row.parent_chain_id !== null) parents.add(row.parent_chain_id);
      removals.push(quietly(deps, chainId, deps.snapshotter.removeLayer(chainId)));
      gone.push({ chainId, size: row.size });
    }
    // Only these can have become unused: no need to look at all layers again.
    unused = deps.layerUsers.unusedOf([...parents].filter((each) => isLoose(deps.store, each, Date.now())));
  }
  await Promise.all(removals);
  for (const digest of blobs) await collectBlob(deps, digest);
  return gone;
}

/** Removes a blob that nothing names. */
export async function collectBlob(deps: ImageDeps, digest: string): Promise<void> {
  if (blobInUse(deps.store, digest, Date.now()) || deps.blobUsers.uses(digest)) return;
  deleteLayerBlob(deps.store, digest);
  await quietly(deps, digest, deps.blobs.remove(digest));
}

/** Whether a root filesystem or a lease keeps the snapshot. */
export function snapshotInUse(deps: ImageDeps, key: string): boolean {
  return rootfsRow(deps.store, key) !== null || isLeased(deps.store, { kind: "snapshot", key }, Date.now());
}

/** What cannot be removed now is tried again by the next round. */
async function quietly(deps: ImageDeps, what: string, removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    deps.log.warn("cannot remove from the image store", { what, error: errorMessage(error) });
  }
}
