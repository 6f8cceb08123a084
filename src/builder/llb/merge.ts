import type { MergeOp } from "../../api/buildkit/llb.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { emptyResult, type StageResult } from "../result.ts";
import { BadDefinition, type Vertex } from "./graph.ts";
import { rebase } from "./rebase.ts";
import type { LlbWork, Output, Told } from "./work.ts";

/** The layers of all inputs one upon another: what comes later wins. */
export async function merge(
  work: LlbWork,
  vertex: Vertex,
  op: MergeOp,
  inputs: readonly Output[],
  told: Told,
  layersOf: (output: Output) => Promise<StageResult>,
): Promise<readonly Output[]> {
  const merged = await Promise.all(
    op.inputs.map(({ input }) => {
      const output = inputs[input];
      if (!output) throw new BadDefinition(`invalid merge operation: there is no input ${input}`);
      return layersOf(output);
    }),
  );
  const [base = emptyResult(hostPlatform()), ...further] = merged;
  told.start();
  let result = base;
  let cached = true;
  for (const each of further) {
    const upon = await stack(work, result, each, { from: 0, name: vertex.name });
    result = upon.result;
    cached &&= upon.cached;
  }
  told.done({ cached });
  return [{ layers: result }];
}

/** The layers of one result from a number on, upon another. */
export async function stack(
  work: LlbWork,
  state: StageResult,
  layers: StageResult,
  { from, name }: { from: number; name: string },
): Promise<{ result: StageResult; cached: boolean }> {
  await work.imported.materialize(state, work.signal);
  await work.imported.materialize(layers, work.signal);
  let result = state;
  let cached = true;
  for (const [index, diffId] of layers.diffIds.entries()) {
    if (index < from) continue;
    work.signal.throwIfAborted();
    const made = await rebase(work, result, { chain: layers.chain.slice(0, index + 1), diffId, name });
    result = made.result;
    cached &&= made.cached;
  }
  return { result, cached };
}
