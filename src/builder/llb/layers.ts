import { hostPlatform } from "../../oci/platform.ts";
import { cacheKey } from "../cache/cache-key.ts";
import { emptyResult, resultId, type StageResult } from "../result.ts";
import { contentsOf, copyArchive } from "../source/copy-archive.ts";
import { planAll } from "../source/copy-plan.ts";
import { digestItems } from "../source/digest-items.ts";
import { layerItems } from "../source/layer-items.ts";
import { type LayerStep, layerStep } from "../steps/layer-step.ts";
import type { LlbWork, Output } from "./work.ts";

/** A step of a definition that changes files. */
interface LlbStep extends Pick<LayerStep, "perform" | "lay" | "begin" | "keep"> {
  /** What it does, as JSON: a part of its cache key. */
  operation: unknown;
  /** Digests of what it takes: the other part. */
  inputs: readonly string[];
  inputsByContent?: () => Promise<string[]>;
  /** What history says of it. */
  created: string;
  description: string;
  noCache: boolean;
}

/** Takes a step's layer from the cache or makes it, upon `state`. */
export async function addLayer(
  { deps, epoch, imported, signal, lease, used }: LlbWork,
  state: StageResult,
  { operation, inputs, inputsByContent, created, description, noCache, begin, perform, lay, keep }: LlbStep,
): Promise<{ result: StageResult; cached: boolean }> {
  const keyOf = (from: readonly string[]) =>
    cacheKey({ parent: resultId(state), operation, inputs: [...from, String(epoch ?? "")] });
  const outcome = await layerStep(
    deps,
    state,
    {
      key: keyOf(inputs),
      ...(inputsByContent && { contentKey: async () => keyOf(await inputsByContent()) }),
      description,
      noCache,
      begin,
      perform,
      ...(lay && { lay }),
      ...(keep && { keep }),
      epoch,
      imported,
      signal,
    },
    lease,
  );
  const result = upon(state, outcome.layer, outcome.created, created);
  for (const key of outcome.keys)
    used.set(key, {
      key,
      chainId: outcome.layer.chainId,
      diffId: outcome.layer.diffId,
      description,
      createdAt: outcome.created,
      chain: result.chain,
      diffIds: result.diffIds,
    });
  return { result, cached: outcome.cached };
}

/** The state with one layer more. */
export function upon(
  state: StageResult,
  layer: { chainId: string; diffId: string },
  at: string,
  createdBy: string,
): StageResult {
  return {
    ...state,
    chain: [...state.chain, layer.chainId],
    diffIds: [...state.diffIds, layer.diffId],
    created: at,
    history: [...state.history, { created: at, created_by: createdBy, comment: "buildkit.exporter.image.v0" }],
    imageId: "",
  };
}

/** What an operation gave as layers: files that lie elsewhere become one. */
export async function asLayers(work: LlbWork, output: Output): Promise<StageResult> {
  if ("layers" in output) return output.layers;
  const { files } = output;
  const { deps, epoch, signal } = work;
  const items = await planAll(files, "/", { signal });
  const state = emptyResult(hostPlatform());
  const { result } = await addLayer(work, state, {
    operation: { from: "context" },
    inputs: [await digestItems(files, items, signal)],
    created: "files of a source",
    description: "files of a source",
    noCache: false,
    begin: () => {},
    perform: async (root) => {
      await deps.images.archiver.extract(copyArchive(files, items, epoch), root, { compression: "none" }, signal);
    },
    lay: async (_root, make) => {
      if (epoch !== undefined) return false;
      await files.ready?.(contentsOf(items));
      const laid = layerItems(files, items, () => undefined);
      if (laid) await make(laid);
      return laid !== undefined;
    },
  });
  return result;
}
