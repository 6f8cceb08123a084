import { type CommittedLayer, commitLayer } from "../../image/layer/commit-layer.ts";
import { layerPacking } from "../../image/layer/layer-source.ts";
import { chainOn } from "../../image/layer/layers.ts";
import type { DiffSource } from "../../image/snapshot/snapshotter.ts";
import { newId } from "../../lib/ids.ts";
import { cacheKey } from "../cache/cache-key.ts";
import { resultId, type StageResult } from "../result.ts";
import { findLayer, rememberLayer } from "../steps/layer-step.ts";
import { upon } from "./layers.ts";
import type { LlbWork } from "./work.ts";

/** Puts the last layer of a chain upon something else, as it is: its digest stays the same. */
export async function rebase(
  work: LlbWork,
  state: StageResult,
  { chain, diffId, name }: { chain: readonly string[]; diffId: string; name: string },
): Promise<{ result: StageResult; cached: boolean }> {
  const { snapshotter } = work.deps.images;
  const known = chainOn(state.chain.at(-1) ?? null, diffId);
  const key = cacheKey({ parent: resultId(state), operation: { rebase: diffId } });
  return cachedLayer(work, state, { key, name, known }, () => snapshotter.layerSource(chain));
}

/**
 * A layer that is the difference of two trees, or that of another one, found again by its key. `known`: its chain id,
 * where that can be told beforehand.
 */
export async function cachedLayer(
  work: LlbWork,
  state: StageResult,
  { key, name, known }: { key: string; name: string; known?: string },
  source: () => DiffSource,
): Promise<{ result: StageResult; cached: boolean }> {
  const { deps, lease, signal } = work;
  using _alone = await deps.locks.acquire(key);
  const found = findLayer(deps, key, lease);
  if (found && (known === undefined || found.chainId === known))
    return { result: upon(state, found, found.created, name), cached: true };
  using _slot = await deps.slots.acquire(signal);
  const layer = await transferred(work, state.chain, source());
  const made = rememberLayer(deps, state, { key, description: name }, layer);
  return { result: upon(state, layer, made.created, name), cached: false };
}

/** What a source differs by, as a layer upon a chain. */
async function transferred(
  { deps, lease, signal }: LlbWork,
  chain: readonly string[],
  source: DiffSource,
): Promise<CommittedLayer> {
  const { snapshotter, archiver } = deps.images;
  const { root, options } = await layerPacking(deps.images, source, signal);
  const key = `build-${newId()}`;
  await using undo = new AsyncDisposableStack();
  lease.add("snapshot", key);
  await snapshotter.prepare(key, chain);
  undo.defer(() => snapshotter.remove(key));
  const target = snapshotter.applyTarget(key);
  await archiver.transfer(root, options, target.root, { whiteouts: target.whiteouts }, signal);
  const layer = await commitLayer(deps.images, key, chain, lease, signal);
  undo.move();
  return layer;
}
