import { errorMessage } from "../lib/errors.ts";
import { shortId } from "../lib/ids.ts";
import { bootId } from "../linux/boot-id.ts";
import { collectGarbage, snapshotInUse } from "./collect.ts";
import type { ImageContext } from "./context.ts";
import { allLayers, chainTo, layerBlobs, rootfsIds, type LayerRow } from "./layer-table.ts";
import { registerLayer } from "./layers.ts";
import { endAbandonedLeases, Lease } from "./lease.ts";
import { removeRootfs } from "./rootfs.ts";
import { deleteImageRow, deleteName, namesOf } from "./table.ts";

const PARTIAL_MS = 24 * 60 * 60 * 1000;

/**
 * Brings disk and database together at boot, before anything else uses the store: `liveContainerIds` are those whose
 * root filesystems stay. Leases of the process before have no owner any more; snapshots, layers and blobs that nothing
 * names go; layers that are missing, or that a power failure may have hurt, are unpacked again from their archive.
 */
export async function reconcileImages(ctx: ImageContext, liveContainerIds: ReadonlySet<string>): Promise<void> {
  await dropOrphans(ctx, liveContainerIds);
  await mendLayers(ctx);
  await ctx.blobs.sweepPartials(PARTIAL_MS);
  // Not waited for: nothing depends on the space being free.
  void collectGarbage(ctx).catch((error: unknown) => ctx.log.warn("garbage collection of images failed", { error: errorMessage(error) }));
}

async function dropOrphans(ctx: ImageContext, live: ReadonlySet<string>): Promise<void> {
  endAbandonedLeases(ctx.store);
  for (const id of rootfsIds(ctx.store)) if (!live.has(id)) await quietly(ctx, id, () => removeRootfs(ctx, id));
  const { keys, chainIds } = await ctx.snapshotter.list();
  for (const key of keys.filter((key) => !snapshotInUse(ctx, key))) {
    for (const target of ctx.snapshotter.mountsOf(key)) await quietly(ctx, key, () => ctx.snapshotter.unmount(target, { volatile: true }));
    await quietly(ctx, key, () => ctx.snapshotter.remove(key));
  }
  const known = new Set(allLayers(ctx.store).map((layer) => layer.chain_id));
  for (const chainId of chainIds) if (!known.has(chainId)) await quietly(ctx, chainId, () => ctx.snapshotter.removeLayer(chainId));
}

/** Layers whose files are missing, or were not on disk yet when the machine went down. Base first. */
async function mendLayers(ctx: ImageContext): Promise<void> {
  const boot = bootId();
  const suspect = allLayers(ctx.store).filter((layer) => !ctx.snapshotter.has(layer.chain_id) || (layer.unsynced_boot !== null && layer.unsynced_boot !== boot));
  if (suspect.length === 0) return;
  await using lease = new Lease(ctx);
  const depth = (layer: LayerRow) => chainTo(ctx.store, layer.chain_id).length;
  for (const layer of suspect.sort((a, b) => depth(a) - depth(b))) {
    lease.add("layer", layer.chain_id);
    try {
      await mend(ctx, layer, lease);
    } catch (error) {
      ctx.log.error("a layer is lost, and the images made of it", { layer: shortId(layer.chain_id), error: errorMessage(error) });
      forget(ctx, layer.chain_id);
    }
  }
}

async function mend(ctx: ImageContext, layer: LayerRow, lease: Lease): Promise<void> {
  const blob = layerBlobs(ctx.store, layer.diff_id).find((candidate) => ctx.blobs.has(candidate.digest));
  if (!blob) throw new Error("its archive is not kept");
  await ctx.snapshotter.removeLayer(layer.chain_id);
  await registerLayer(ctx, {
    blobDigest: blob.digest, mediaType: blob.media_type, diffId: layer.diff_id, parentChainId: layer.parent_chain_id, lease,
  });
}

/** Takes the records of images that stand upon the layer; container records stay, and fail to start with a clear error. */
function forget(ctx: ImageContext, chainId: string): void {
  const images = ctx.store.query<{ image_id: string }, [string]>("SELECT image_id FROM image_layer WHERE chain_id = ?").all(chainId);
  ctx.store.transaction(() => {
    for (const { image_id } of images) {
      for (const name of namesOf(ctx.store, image_id)) deleteName(ctx.store, name.name);
      deleteImageRow(ctx.store, image_id);
    }
  })();
}

async function quietly(ctx: ImageContext, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    ctx.log.warn("cannot clean up in the image store", { what, error: errorMessage(error) });
  }
}
