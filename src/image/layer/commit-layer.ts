import type { PackResult, TreeItem } from "../../linux/archive/options.ts";
import { bootId } from "../../linux/boot-id.ts";
import type { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import { insertLayer, layerByChain } from "../layer-table.ts";
import { layerPacking } from "./layer-source.ts";
import { chainOn, layerKey } from "./layers.ts";

/** A layer that was made of a container's changes. */
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
export async function commitLayer(
  deps: ImageDeps,
  key: string,
  chain: readonly string[],
  lease?: Lease,
  signal?: AbortSignal,
): Promise<CommittedLayer> {
  const { root, options } = await layerPacking(deps, deps.snapshotter.diffSource(key, chain), signal);
  const packed = await deps.archiver.digest(root, options, signal);
  return publish(deps, key, chain, packed, lease);
}

/** The same, but the snapshot stays as it is (its container lives on): its files are copied. */
export async function copyLayer(
  deps: ImageDeps,
  key: string,
  chain: readonly string[],
  lease: Lease,
  signal?: AbortSignal,
): Promise<CommittedLayer> {
  const { root, options } = await layerPacking(deps, deps.snapshotter.diffSource(key, chain), signal);
  const copy = layerKey(key);
  lease.add("snapshot", copy);
  await using undo = new AsyncDisposableStack();
  await deps.snapshotter.prepare(copy, chain);
  undo.defer(() => deps.snapshotter.remove(copy));
  const target = deps.snapshotter.applyTarget(copy);
  const packed = await deps.archiver.transfer(root, options, target.root, { whiteouts: target.whiteouts }, signal);
  const layer = await publish(deps, copy, chain, packed, lease);
  undo.move();
  return layer;
}

/**
 * Makes items, as {@link Archiver.lay} takes them, the content of a snapshot in which nothing is yet, and that a layer
 * as {@link commitLayer} does. `expected`: the digest that may come of it; then the items are digested first, and
 * nothing is written where the layer is there.
 */
export async function layLayer(
  deps: ImageDeps,
  key: string,
  chain: readonly string[],
  items: readonly TreeItem[],
  { expected, lease, signal }: { expected: string | undefined; lease: Lease; signal: AbortSignal },
): Promise<CommittedLayer> {
  const { root } = deps.snapshotter.applyTarget(key);
  const lay = (where: string | null) => deps.archiver.lay(items, where, signal);
  if (expected === undefined || !deps.snapshotter.has(chainOn(chain.at(-1) ?? null, expected)))
    return publish(deps, key, chain, await lay(root), lease);
  return publish(deps, key, chain, await lay(null), lease, () => lay(root));
}

/** `write`: puts the files into the snapshot, where they are not in it yet. */
async function publish(
  deps: ImageDeps,
  key: string,
  chain: readonly string[],
  packed: PackResult,
  lease: Lease | undefined,
  write?: () => Promise<unknown>,
): Promise<CommittedLayer> {
  const parent = chain.at(-1) ?? null;
  const chainId = chainOn(parent, packed.diffId);
  lease?.add("layer", chainId);
  using _lock = await deps.locks.acquire(`layer ${chainId}`);
  if (layerByChain(deps.store, chainId) && deps.snapshotter.has(chainId)) deps.snapshotter.dismiss(key);
  else {
    await write?.();
    await deps.snapshotter.commit(key, chainId);
  }
  insertLayer(deps.store, {
    chain_id: chainId,
    parent_chain_id: parent,
    diff_id: packed.diffId,
    size: packed.fileBytes,
    unsynced_boot: bootId(),
    archive_size: packed.size,
  });
  return { chainId, diffId: packed.diffId, size: packed.fileBytes, empty: packed.size === EMPTY_SIZE };
}
