import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../lib/ids.ts";
import { commitLayer } from "../image/commit-layer.ts";
import type { Lease } from "../image/lease.ts";
import type { BuildContext } from "./context.ts";
import { resultId, type StageResult } from "./result.ts";
import { addCached, findCached, touchCached } from "./table.ts";

export interface LayerStep {
  key: string;
  description: string;
  /** Neither read nor trust what is in the cache. */
  noCache: boolean;
  /** Told once it is known that the step has to be done. */
  begin: () => void;
  /** Writes to the mounted root filesystem. */
  perform: (root: string) => Promise<void>;
  /** A step that changed nothing adds no layer. */
  dropEmpty?: boolean;
}

export interface LayerOutcome {
  cached: boolean;
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
  if (!step.noCache) {
    const hit = findCached(ctx.store, step.key);
    if (hit) lease.add("layer", hit.chainId);
    if (hit && (hit.diffId === "" || ctx.images.snapshotter.has(hit.chainId))) {
      touchCached(ctx.store, step.key);
      return { cached: true, created: hit.createdAt, layer: hit.diffId === "" ? undefined : { chainId: hit.chainId, diffId: hit.diffId, size: hit.size } };
    }
  }
  using _slot = await ctx.slots.acquire();
  step.begin();
  const layer = await makeLayer(ctx, state.chain, step.perform, lease);
  const dropped = step.dropEmpty === true && layer.empty;
  const created = new Date().toISOString();
  addCached(ctx.store, {
    key: step.key, parent: resultId(state), description: step.description,
    chainId: dropped ? resultId(state) : layer.chainId, diffId: dropped ? "" : layer.diffId, size: dropped ? 0 : layer.size, createdAt: created,
  });
  return { cached: false, created, layer: dropped ? undefined : layer };
}

/** Work upon a writable snapshot, committed. On failure nothing stays. */
async function makeLayer(ctx: BuildContext, chain: readonly string[], perform: (root: string) => Promise<void>, lease: Lease) {
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
  await perform(root);
  await snapshotter.unmount(root);
  const layer = await commitLayer(ctx.images, key, chain, lease);
  undo.move();
  rmdirSync(root);
  return layer;
}
