import { bootId } from "../linux/boot-id.ts";
import type { PackResult } from "../linux/archive/options.ts";
import type { ImageContext } from "./context.ts";
import { insertLayer, layerByChain } from "./layer-table.ts";
import { layerPacking } from "./layer-source.ts";
import { chainOn, layerKey } from "./layers.ts";
import type { Lease } from "./lease.ts";

export interface CommittedLayer {
  chainId: string;
  diffId: string;
  /** Bytes in its files. */
  size: number;
  /** Nothing changed: an archive without members. */
  empty: boolean;
}

/** An archive that holds nothing but its end: two blocks of zeros. */
const EMPTY_SIZE = 1024;

/**
 * Turns a writable snapshot upon `chain` (unmounted, every layer of the chain registered) into a layer, without copying
 * its files. The snapshot is gone afterwards. Whoever calls holds the chain, and names the layer (by an image, a row of
 * the build cache or a lease) before the event loop turns; `lease` holds it from before it exists.
 */
export async function commitLayer(ctx: ImageContext, key: string, chain: readonly string[], lease?: Lease): Promise<CommittedLayer> {
  const { root, options } = await layerPacking(ctx, ctx.snapshotter.diffSource(key, chain));
  const packed = await ctx.archiver.digest(root, options);
  return publish(ctx, key, chain, packed, lease);
}

/** The same, but the snapshot stays as it is (its container lives on): its files are copied. */
export async function copyLayer(ctx: ImageContext, key: string, chain: readonly string[], lease: Lease): Promise<CommittedLayer> {
  const { root, options } = await layerPacking(ctx, ctx.snapshotter.diffSource(key, chain));
  const copy = layerKey(key);
  lease.add("snapshot", copy);
  await using undo = new AsyncDisposableStack();
  await ctx.snapshotter.prepare(copy, chain);
  undo.defer(() => ctx.snapshotter.remove(copy));
  const target = ctx.snapshotter.applyTarget(copy);
  const packed = await ctx.archiver.transfer(root, options, target.root, { whiteouts: target.whiteouts });
  const layer = await publish(ctx, copy, chain, packed, lease);
  undo.move();
  return layer;
}

async function publish(ctx: ImageContext, key: string, chain: readonly string[], packed: PackResult, lease: Lease | undefined): Promise<CommittedLayer> {
  const parent = chain.at(-1) ?? null;
  const chainId = chainOn(parent, packed.diffId);
  lease?.add("layer", chainId);
  using _lock = await ctx.locks.acquire(`layer ${chainId}`);
  if (layerByChain(ctx.store, chainId) && ctx.snapshotter.has(chainId)) await ctx.snapshotter.remove(key);
  else await ctx.snapshotter.commit(key, chainId);
  insertLayer(ctx.store, { chain_id: chainId, parent_chain_id: parent, diff_id: packed.diffId, size: packed.fileBytes, unsynced_boot: bootId() });
  return { chainId, diffId: packed.diffId, size: packed.fileBytes, empty: packed.size === EMPTY_SIZE };
}
