import { errorMessage } from "../../lib/errors.ts";
import { shortId } from "../../lib/ids.ts";
import { bootId } from "../../linux/boot-id.ts";
import type { ImageDeps } from "../deps.ts";
import { registerLayer } from "../layer/layers.ts";
import { removeRootfs } from "../layer/rootfs.ts";
import { allLayers, chainTo, imagesOn, type LayerRow, layerBlobs, rootfsIds } from "../layer-table.ts";
import { endAbandonedLeases } from "../lease-table.ts";
import { deleteImageRow, deleteName, namesOf } from "../table.ts";
import { collectGarbage } from "./collect.ts";
import { Lease } from "./lease.ts";
import { findImageOrphans, removeOrphanLayer, removeOrphanSnapshot } from "./orphans.ts";

const PARTIAL_MS = 24 * 60 * 60 * 1000;

/**
 * Brings disk and database together at boot, before anything else uses the store: `liveContainerIds` are those whose
 * root filesystems stay. Leases of the process before have no owner any more; snapshots, layers and blobs that nothing
 * names go; layers that are missing, or that a power failure may have hurt, are unpacked again from their archive.
 */
export async function reconcileImages(deps: ImageDeps, liveContainerIds: ReadonlySet<string>): Promise<void> {
  await dropOrphans(deps, liveContainerIds);
  await mendLayers(deps);
  await deps.blobs.sweepPartials(PARTIAL_MS);
  // Not waited for: nothing depends on the space being free.
  void collectGarbage(deps).catch((error: unknown) =>
    deps.log.warn("garbage collection of images failed", { error: errorMessage(error) }),
  );
}

async function dropOrphans(deps: ImageDeps, live: ReadonlySet<string>): Promise<void> {
  endAbandonedLeases(deps.store);
  for (const id of rootfsIds(deps.store)) if (!live.has(id)) await quietly(deps, id, () => removeRootfs(deps, id));
  const { snapshots, layers } = await findImageOrphans(deps);
  for (const key of snapshots) await quietly(deps, key, () => removeOrphanSnapshot(deps, key));
  for (const chainId of layers) await quietly(deps, chainId, () => removeOrphanLayer(deps, chainId));
}

/** Layers whose files are missing, or were not on disk yet when the machine went down. Base first. */
async function mendLayers(deps: ImageDeps): Promise<void> {
  const boot = bootId();
  const suspect = allLayers(deps.store).filter(
    (layer) => !deps.snapshotter.has(layer.chain_id) || (layer.unsynced_boot !== null && layer.unsynced_boot !== boot),
  );
  if (suspect.length === 0) return;
  await using lease = new Lease(deps);
  const depth = (layer: LayerRow) => chainTo(deps.store, layer.chain_id).length;
  for (const layer of suspect.sort((a, b) => depth(a) - depth(b))) {
    lease.add("layer", layer.chain_id);
    try {
      await mend(deps, layer, lease);
    } catch (error) {
      deps.log.error("a layer is lost, and the images made of it", {
        layer: shortId(layer.chain_id),
        error: errorMessage(error),
      });
      forget(deps, layer.chain_id);
    }
  }
}

async function mend(deps: ImageDeps, layer: LayerRow, lease: Lease): Promise<void> {
  const blob = layerBlobs(deps.store, layer.diff_id).find((candidate) => deps.blobs.has(candidate.digest));
  if (!blob) throw new Error("its archive is not kept");
  await deps.snapshotter.removeLayer(layer.chain_id);
  await registerLayer(deps, {
    blobDigest: blob.digest,
    mediaType: blob.media_type,
    diffId: layer.diff_id,
    parentChainId: layer.parent_chain_id,
    lease,
  });
}

/**
 * Takes the records of images that stand upon the layer; container records stay, and fail to start with a clear error.
 */
function forget(deps: ImageDeps, chainId: string): void {
  deps.store.transaction(() => {
    for (const imageId of imagesOn(deps.store, chainId)) {
      for (const name of namesOf(deps.store, imageId)) deleteName(deps.store, name.name);
      deleteImageRow(deps.store, imageId);
    }
  })();
}

async function quietly(deps: ImageDeps, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log.warn("cannot clean up in the image store", { what, error: errorMessage(error) });
  }
}
