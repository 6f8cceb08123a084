import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Lease } from "../../image/collect/lease.ts";
import { type CommittedLayer, commitLayer, layLayer } from "../../image/layer/commit-layer.ts";
import { chainOn } from "../../image/layer/layers.ts";
import { newId } from "../../lib/ids.ts";
import type { TreeItem } from "../../linux/archive/options.ts";
import { timeNow } from "../../linux/clock.ts";
import { requireRoom } from "../../store/room.ts";
import type { ImportedCaches } from "../cache/imported.ts";
import type { BuilderDeps } from "../deps.ts";
import { resultId, type StageResult } from "../result.ts";
import { addCached, findCached, touchCached } from "../table.ts";
import { clampTimes } from "./clamp-times.ts";
import { RunFailed } from "./run-failed.ts";

/** A step that makes a layer. `key`: by which the cache knows it. */
export interface LayerStep {
  key: string;
  /**
   * A second key, of what the step takes alone; it costs more to find, so it is asked for when the first is not known.
   */
  contentKey?: () => Promise<string>;
  description: string;
  /** Neither read nor trust what is in the cache. */
  noCache: boolean;
  /** Told once it is known that the step has to be done. */
  begin: () => void;
  /** Writes to the mounted root filesystem. */
  perform: (root: string) => Promise<void>;
  /**
   * Tells, by a call of `make`, what the whole layer is to be upon the mounted root filesystem, which `make` unmounts.
   * False: it cannot be told without performing.
   */
  lay?: (root: string, make: (items: readonly TreeItem[]) => Promise<void>) => Promise<boolean>;
  /** Takes over the unmounted snapshot where {@link perform} failed by its command. */
  keep?: (key: string) => void;
  /** Nothing in the layer is younger (seconds). */
  epoch: number | undefined;
  /** What other engines did. */
  imported: ImportedCaches;
  signal: AbortSignal;
}

/** What a step gave. `cached`: it was found and not done; `size` in bytes. */
export interface LayerOutcome {
  cached: boolean;
  /** By which it is found again. */
  keys: string[];
  layer: { chainId: string; diffId: string; size: number };
  /** When the work was done, RFC 3339. */
  created: string;
}

/**
 * One layer upon a stage's root filesystem: from the cache where its key is known and the layer is there (no mount,
 * no process), else by doing the work upon a writable snapshot and committing that. Equal steps of builds that run at
 * the same time are done once.
 */
export async function layerStep(
  deps: BuilderDeps,
  state: StageResult,
  step: LayerStep,
  lease: Lease,
): Promise<LayerOutcome> {
  using _alone = await deps.locks.acquire(step.key);
  const hit = step.noCache ? undefined : fromCache(deps, state, step, step.key, lease);
  if (hit) return hit;
  using _slot = await deps.slots.acquire();
  const contentKey = step.noCache ? undefined : await step.contentKey?.();
  const same = contentKey === undefined ? undefined : fromCache(deps, state, step, contentKey, lease);
  if (same) {
    if (deps.images.snapshotter.has(same.layer.chainId)) remember(deps, state, step, step.key, { ...same, size: 0 });
    return { ...same, keys: [step.key, ...same.keys] };
  }
  step.begin();
  await step.imported.materialize(state, step.signal);
  const expected = step.lay && findCached(deps.store, step.key)?.diffId;
  const layer = await makeLayer(deps, state.chain, step, lease, expected);
  const created = timeNow();
  const outcome = {
    cached: false,
    keys: [step.key, ...(contentKey === undefined ? [] : [contentKey])],
    created,
    layer,
  };
  remember(deps, state, step, step.key, { ...outcome, size: layer.size });
  if (contentKey !== undefined) remember(deps, state, step, contentKey, { ...outcome, size: 0 });
  return outcome;
}

function fromCache(
  deps: BuilderDeps,
  state: StageResult,
  step: LayerStep,
  key: string,
  lease: Lease,
): LayerOutcome | undefined {
  const found = findLayer(deps, key, lease);
  if (!found) return fromElsewhere(state, step, key);
  const { created, ...layer } = found;
  return { cached: true, keys: [key], created, layer };
}

/** A layer that a step made. `created`: when, RFC 3339. */
export interface StepLayer {
  chainId: string;
  diffId: string;
  /** Bytes. */
  size: number;
  created: string;
}

/** The layer that this engine's cache has under a key, if it is there. From then on the lease holds it. */
export function findLayer(deps: BuilderDeps, key: string, lease: Lease): StepLayer | undefined {
  const hit = findCached(deps.store, key);
  if (hit) lease.add("layer", hit.chainId);
  if (!hit || !deps.images.snapshotter.has(hit.chainId)) return undefined;
  touchCached(deps.store, key);
  return { chainId: hit.chainId, diffId: hit.diffId, size: hit.size, created: hit.createdAt };
}

/** Puts a layer that was just made into the cache. */
export function rememberLayer(
  deps: BuilderDeps,
  state: StageResult,
  { key, description }: Pick<LayerStep, "key" | "description">,
  layer: Omit<StepLayer, "created">,
): StepLayer {
  const made = { ...layer, created: timeNow() };
  requireRoom(deps.store);
  const { created: createdAt, chainId, diffId, size } = made;
  addCached(deps.store, { key, parent: resultId(state), description, chainId, diffId, size, createdAt });
  return made;
}

/** What another engine says of a step has to fit what this one stands upon. */
function fromElsewhere(state: StageResult, { imported }: LayerStep, key: string): LayerOutcome | undefined {
  const hit = imported.find(key);
  const parent = state.chain.at(-1) ?? null;
  if (!hit || hit.chainId !== chainOn(parent, hit.diffId)) return undefined;
  return {
    cached: true,
    keys: [key],
    created: hit.createdAt || timeNow(),
    layer: { chainId: hit.chainId, diffId: hit.diffId, size: 0 },
  };
}

/** `size`: 0 for a second key of a layer, which is counted once. */
function remember(
  deps: BuilderDeps,
  state: StageResult,
  step: LayerStep,
  key: string,
  { layer, created, size }: Omit<LayerOutcome, "keys"> & { size: number },
): void {
  requireRoom(deps.store);
  addCached(deps.store, {
    key,
    parent: resultId(state),
    description: step.description,
    chainId: layer.chainId,
    diffId: layer.diffId,
    size,
    createdAt: created,
  });
}

/** Work upon a writable snapshot, committed. On failure nothing stays. `expected`: the digest that may come of it. */
export async function makeLayer(
  deps: Pick<BuilderDeps, "images" | "execRoot">,
  chain: readonly string[],
  { perform, lay, keep, epoch, signal }: Pick<LayerStep, "perform" | "lay" | "keep" | "epoch" | "signal">,
  lease: Lease,
  expected?: string,
): Promise<CommittedLayer> {
  const { snapshotter } = deps.images;
  const key = `build-${newId()}`;
  await using undo = new AsyncDisposableStack();
  lease.add("snapshot", key);
  await snapshotter.prepare(key, chain);
  undo.defer(() => snapshotter.remove(key));
  const root = join(deps.execRoot, "builds", key);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(root));
  snapshotter.mount(key, chain, root, { volatile: true });
  undo.defer(() => snapshotter.unmount(root));
  const begun = Date.now();
  let layer: CommittedLayer | undefined;
  if (lay && snapshotter.applyTarget(key).whiteouts === "overlay")
    await lay(root, async (items) => {
      await snapshotter.unmount(root);
      layer = await layLayer(deps.images, key, chain, items, { expected, lease, signal });
    });
  if (!layer) {
    try {
      await perform(root);
    } catch (error) {
      if (!keep || !(error instanceof RunFailed)) throw error;
      await snapshotter.unmount(root);
      undo.move();
      rmdirSync(root);
      keep(key);
      throw error;
    }
    await snapshotter.unmount(root);
    if (epoch !== undefined) {
      const made = snapshotter.diffSource(key, chain);
      // A copy of the whole chain holds younger files of the base, which are no work of this step.
      clampTimes(made.root, epoch, made.kind === "overlay" ? 0 : begun - 10);
    }
    layer = await commitLayer(deps.images, key, chain, lease, signal);
  }
  undo.move();
  rmdirSync(root);
  return layer;
}
