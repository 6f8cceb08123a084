import { cacheKey } from "../cache/cache-key.ts";
import { resultId } from "../result.ts";
import { type LayerStep, layerStep } from "./layer-step.ts";
import type { StageWork } from "./stage-work.ts";

/** A step that changes files, as its instruction describes it. */
export interface LayerRequest extends Pick<LayerStep, "perform" | "lay" | "keep"> {
  /** What history says of it. */
  created: string;
  /** What it does, as JSON: a part of its cache key. */
  operation: unknown;
  /** Digests of what it takes: the other part. */
  inputs: readonly string[];
  /** Other inputs, of which a second key is made; they cost more to find. */
  inputsByContent?: () => Promise<string[]>;
}

/** Takes the step's layer from the cache or makes it, and puts it upon the stage. */
export async function addLayer(
  work: StageWork,
  { created, operation, inputs, inputsByContent, perform, lay, keep }: LayerRequest,
): Promise<void> {
  const { build, planned, state, step } = work;
  const { request } = build;
  const { name, index } = planned.stage;
  const keyOf = (from: readonly string[]) =>
    cacheKey({ parent: resultId(state), operation, inputs: [...from, String(request.sourceDateEpoch ?? "")] });
  const description = `[${step?.stage ?? ""} ${step?.number ?? 0}/${step?.total ?? 0}] ${step?.text ?? created}`;
  const outcome = await layerStep(
    build.deps,
    state,
    {
      key: keyOf(inputs),
      ...(inputsByContent && { contentKey: async () => keyOf(await inputsByContent()) }),
      description,
      noCache:
        request.noCache ||
        (name !== undefined && request.noCacheFilter.has(name)) ||
        request.noCacheFilter.has(String(index)),
      epoch: request.sourceDateEpoch,
      begin: () => work.started({ layer: true }),
      imported: build.imported,
      signal: build.signal,
      perform,
      ...(lay && { lay }),
      ...(keep && { keep }),
    },
    build.lease,
  );
  if (outcome.cached) build.events.emit({ kind: "cached", id: work.stepId });
  const { layer } = outcome;
  state.chain = [...state.chain, layer.chainId];
  state.diffIds = [...state.diffIds, layer.diffId];
  state.created = outcome.created;
  work.remember(created, layer);
  state.imageId = work.imageId();
  const { chain, diffIds } = state;
  for (const key of outcome.keys) {
    build.used.set(key, {
      key,
      chainId: resultId(state),
      diffId: layer.diffId,
      description,
      createdAt: outcome.created,
      chain,
      diffIds,
    });
  }
  work.done(layer.chainId, layer.size);
}
