import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../lib/ids.ts";
import { commitLayer } from "../image/commit-layer.ts";
import { chainOn } from "../image/layers.ts";
import type { Lease } from "../image/lease.ts";
import type { ImportedCaches } from "./cache/imported.ts";
import { clampTimes } from "./clamp-times.ts";
import type { BuildContext } from "./context.ts";
import { resultId, type StageResult } from "./result.ts";
import { addCached, findCached, touchCached } from "./table.ts";

export interface LayerStep {
  key: string;
  /** A second key, of what the step takes alone; it costs more to find, so it is asked for when the first is not known. */
  contentKey?: () => Promise<string>;
  description: string;
  /** Neither read nor trust what is in the cache. */
  noCache: boolean;
  /** Told once it is known that the step has to be done. */
  begin: () => void;
  /** Writes to the mounted root filesystem. */
  perform: (root: string) => Promise<void>;
  /** Nothing in the layer is younger (seconds). */
  epoch: number | undefined;
  /** A step that changed nothing adds no layer. */
  dropEmpty?: boolean;
  /** What other engines did. */
  imported: ImportedCaches;
  signal: AbortSignal;
}

export interface LayerOutcome {
  cached: boolean;
  /** By which it is found again. */
  keys: string[];
  /** Undefined where nothing changed and the layer was dropped. */
  layer: { chainId: string; diffId: string; size: number } | undefined;
  /** When the work was done, RFC 3339. */
  created: string;
}

/**
 * One layer upon a stage's root filesystem: from the cache where its key is known and the layer is there (no mount,
 * no process), else by doing the work upon a writable snapshot and committing that. Equal steps of builds that run at
 * the same time are done once.
 */
export async function layerStep(ctx: BuildContext, state: StageResult, step: LayerStep, lease: Lease): Promise<LayerOutcome> {
  using _alone = await ctx.locks.acquire(step.key);
  const hit = step.noCache ? undefined : fromCache(ctx, state, step, step.key, lease);
  if (hit) return hit;
  using _slot = await ctx.slots.acquire();
  const contentKey = step.noCache ? undefined : await step.contentKey?.();
  const same = contentKey === undefined ? undefined : fromCache(ctx, state, step, contentKey, lease);
  if (same) {
    if (ctx.images.snapshotter.has(same.layer?.chainId ?? "")) remember(ctx, state, step, step.key, { ...same, size: 0 });
    return { ...same, keys: [step.key, ...same.keys] };
  }
  step.begin();
  await step.imported.materialize(state, step.signal);
  const layer = await makeLayer(ctx, state.chain, step, lease);
  const dropped = step.dropEmpty === true && layer.empty;
  const created = new Date().toISOString();
  const outcome = { cached: false, keys: [step.key, ...(contentKey === undefined ? [] : [contentKey])], created, layer: dropped ? undefined : layer };
  remember(ctx, state, step, step.key, { ...outcome, size: outcome.layer?.size ?? 0 });
  if (contentKey !== undefined) remember(ctx, state, step, contentKey, { ...outcome, size: 0 });
  return outcome;
}

function fromCache(ctx: BuildContext, state: StageResult, step: LayerStep, key: string, lease: Lease): LayerOutcome | undefined {
  const hit = findCached(ctx.store, key);
  if (hit) lease.add("layer", hit.chainId);
  if (!hit || (hit.diffId !== "" && !ctx.images.snapshotter.has(hit.chainId))) return fromElsewhere(state, step, key);
  touchCached(ctx.store, key);
  return { cached: true, keys: [key], created: hit.createdAt, layer: hit.diffId === "" ? undefined : { chainId: hit.chainId, diffId: hit.diffId, size: hit.size } };
}

/** What another engine says of a step has to fit what this one stands upon. */
function fromElsewhere(state: StageResult, { imported }: LayerStep, key: string): LayerOutcome | undefined {
  const hit = imported.find(key);
  const parent = state.chain.at(-1) ?? null;
  if (!hit || hit.chainId !== (hit.diffId === "" ? resultId(state) : chainOn(parent, hit.diffId))) return undefined;
  return { cached: true, keys: [key], created: hit.createdAt || new Date().toISOString(), layer: hit.diffId === "" ? undefined : { chainId: hit.chainId, diffId: hit.diffId, size: 0 } };
}

/** `size`: 0 for a second key of a layer, which is counted once. */
function remember(ctx: BuildContext, state: StageResult, step: LayerStep, key: string, { layer, created, size }: Omit<LayerOutcome, "keys"> & { size: number }): void {
  addCached(ctx.store, { key, parent: resultId(state), description: step.description, chainId: layer?.chainId ?? resultId(state), diffId: layer?.diffId ?? "", size, createdAt: created });
}

/** Work upon a writable snapshot, committed. On failure nothing stays. */
async function makeLayer(ctx: BuildContext, chain: readonly string[], { perform, epoch }: LayerStep, lease: Lease) {
  const { snapshotter } = ctx.images;
  const key = `build-${newId()}`;
  await using undo = new AsyncDisposableStack();
  lease.add("snapshot", key);
  await snapshotter.prepare(key, chain);
  undo.defer(() => snapshotter.remove(key));
  const root = join(ctx.execRoot, "builds", key);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(root));
  snapshotter.mount(key, chain, root, { volatile: true });
  undo.defer(() => snapshotter.unmount(root));
  const begun = Date.now();
  await perform(root);
  await snapshotter.unmount(root);
  if (epoch !== undefined) {
    const made = snapshotter.diffSource(key, chain);
    // A copy of the whole chain holds younger files of the base, which are no work of this step.
    clampTimes(made.root, epoch, made.kind === "overlay" ? 0 : begun - 10);
  }
  const layer = await commitLayer(ctx.images, key, chain, lease);
  undo.move();
  rmdirSync(root);
  return layer;
}
