import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Lease } from "../../image/collect/lease.ts";
import { commitLayer } from "../../image/layer/commit-layer.ts";
import { layerPacking } from "../../image/layer/layer-source.ts";
import { newId } from "../../lib/ids.ts";
import { timeNow } from "../../linux/clock.ts";
import type { BuilderDeps } from "../deps.ts";
import type { StageResult } from "../result.ts";

/** `--squash`: all layers of the build become one upon those of the base image. */
export async function squash(
  deps: BuilderDeps,
  stage: StageResult,
  lease: Lease,
  signal: AbortSignal,
): Promise<StageResult> {
  if (stage.chain.length - stage.baseLayers < 2) return stage;
  const base = stage.chain.slice(0, stage.baseLayers);
  const { snapshotter, archiver } = deps.images;
  await using undo = new AsyncDisposableStack();
  const place = (name: string) => {
    const path = join(deps.execRoot, "builds", `${name}-${newId()}`);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    undo.defer(() => rmdirSync(path));
    return path;
  };
  const [before, after] = [place("base"), place("whole")];
  if (base.length > 0) {
    snapshotter.view(base, before);
    undo.defer(() => snapshotter.unmount(before));
  }
  snapshotter.view(stage.chain, after);
  undo.defer(() => snapshotter.unmount(after));
  const { root, options } = await layerPacking(deps.images, { kind: "compare", root: after, base: before }, signal);
  const key = `build-${newId()}`;
  lease.add("snapshot", key);
  await snapshotter.prepare(key, base);
  undo.defer(() => snapshotter.remove(key));
  const target = snapshotter.applyTarget(key);
  await archiver.transfer(root, options, target.root, { whiteouts: target.whiteouts }, signal);
  const layer = await commitLayer(deps.images, key, base, lease, signal);
  const created = stage.created || timeNow();
  return {
    ...stage,
    chain: [...base, layer.chainId],
    diffIds: [...stage.diffIds.slice(0, stage.baseLayers), layer.diffId],
    // History keeps the story; only the last entry has a layer.
    history: [
      ...stage.history.map((entry, index) => (index < baseEntries(stage) ? entry : { ...entry, empty_layer: true })),
      { created, comment: "merge of the build's layers", created_by: "" },
    ],
  };
}

/** How many entries of the history belong to the base image: those up to its last layer. */
function baseEntries(stage: StageResult): number {
  let layers = 0;
  for (const [index, entry] of stage.history.entries()) {
    if (!entry.empty_layer && ++layers > stage.baseLayers) return index;
  }
  return stage.history.length;
}
