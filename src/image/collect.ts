import { errorMessage } from "../lib/errors.ts";
import type { ImageContext } from "./context.ts";
import { blobInUse, deleteLayerBlob, deleteLayerRow, layerBlobs, layerByChain, rootfsRow, unusedLayers } from "./layer-table.ts";
import { endLease, expiredLeases, leasedSnapshot, type LeaseItem } from "./lease.ts";

/**
 * Garbage collection. Asking the database, deleting the row and renaming the files away happen in one turn of the event
 * loop, so that nobody can take hold of a thing in between; the content is freed after. A crash at any point leaves
 * things that nothing names, which the next round finds.
 */

/** Removes every layer and blob that nothing names or leases. Returns the layers that went. */
export async function collectGarbage(ctx: ImageContext): Promise<{ layers: { chainId: string; size: number }[] }> {
  for (const id of expiredLeases(ctx.store, Date.now())) await collectItems(ctx, endLease(ctx.store, id));
  const layers = await collectLayers(ctx);
  for await (const { digest } of ctx.blobs.list()) await collectBlob(ctx, digest);
  return { layers };
}

/** The same for what a lease held, without a look at the rest. */
export async function collectItems(ctx: ImageContext, items: readonly LeaseItem[]): Promise<void> {
  const snapshots = items.filter((item) => item.kind === "snapshot" && !snapshotInUse(ctx, item.key));
  await Promise.all(snapshots.map((item) => quietly(ctx, item.key, ctx.snapshotter.remove(item.key))));
  if (items.some((item) => item.kind === "layer")) await collectLayers(ctx);
  await Promise.all(items.filter((item) => item.kind === "blob").map((item) => collectBlob(ctx, item.key)));
}

/** Takes layers that nothing stands upon, from the top down, and the archives that belonged to them alone. */
export async function collectLayers(ctx: ImageContext): Promise<{ chainId: string; size: number }[]> {
  const gone: { chainId: string; size: number }[] = [];
  const removals: Promise<void>[] = [];
  const blobs: string[] = [];
  for (let unused = unusedLayers(ctx.store, Date.now()); unused.length > 0; unused = unusedLayers(ctx.store, Date.now())) {
    for (const chainId of unused) {
      const row = layerByChain(ctx.store, chainId);
      if (!row) continue;
      blobs.push(...layerBlobs(ctx.store, row.diff_id).map((blob) => blob.digest));
      deleteLayerRow(ctx.store, chainId);
      removals.push(quietly(ctx, chainId, ctx.snapshotter.removeLayer(chainId)));
      gone.push({ chainId, size: row.size });
    }
  }
  await Promise.all(removals);
  for (const digest of blobs) await collectBlob(ctx, digest);
  return gone;
}

/** Removes a blob that nothing names. */
export async function collectBlob(ctx: ImageContext, digest: string): Promise<void> {
  if (blobInUse(ctx.store, digest, Date.now())) return;
  deleteLayerBlob(ctx.store, digest);
  await quietly(ctx, digest, ctx.blobs.remove(digest));
}

export function snapshotInUse(ctx: ImageContext, key: string): boolean {
  return rootfsRow(ctx.store, key) !== null || leasedSnapshot(ctx.store, key, Date.now());
}

/** What cannot be removed now is tried again by the next round. */
async function quietly(ctx: ImageContext, what: string, removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    ctx.log.warn("cannot remove from the image store", { what, error: errorMessage(error) });
  }
}
