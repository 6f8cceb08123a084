import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { DiffOp } from "../../api/buildkit/llb.ts";
import { newId } from "../../lib/ids.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { cacheKey } from "../cache/cache-key.ts";
import { emptyResult, resultId, type StageResult } from "../result.ts";
import { BadDefinition, type Vertex } from "./graph.ts";
import { stack } from "./merge.ts";
import { cachedLayer } from "./rebase.ts";
import type { LlbWork, Output, Told } from "./work.ts";

/** What the upper input has beyond the lower one: its own layers where it stands upon that, else what differs. */
export async function diff(
  work: LlbWork,
  vertex: Vertex,
  { lower, upper }: DiffOp,
  inputs: readonly Output[],
  told: Told,
  layersOf: (output: Output) => Promise<StageResult>,
): Promise<readonly Output[]> {
  const side = (index = -1): Promise<StageResult> => {
    const output = inputs[index];
    if (index !== -1 && !output) throw new BadDefinition(`invalid diff operation: there is no input ${index}`);
    return output ? layersOf(output) : Promise.resolve(emptyResult(hostPlatform()));
  };
  const [before, after] = await Promise.all([side(lower?.input), side(upper?.input)]);
  told.start();
  const { result, cached } = standsUpon(after, before)
    ? await stack(work, emptyResult(hostPlatform()), after, { from: before.chain.length, name: vertex.name })
    : await compare(work, before, after, vertex.name);
  told.done({ cached });
  return [{ layers: result }];
}

const standsUpon = (after: StageResult, before: StageResult) =>
  before.chain.length === 0 || after.chain[before.chain.length - 1] === before.chain.at(-1);

/** What differs in the files of two chains that have nothing in common, as one layer. */
async function compare(work: LlbWork, before: StageResult, after: StageResult, name: string) {
  const { deps, imported, signal } = work;
  await imported.materialize(before, signal);
  await imported.materialize(after, signal);
  await using undo = new AsyncDisposableStack();
  const view = (chain: readonly string[]) => {
    const path = join(deps.execRoot, "builds", `diff-${newId()}`);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    undo.defer(() => rmdirSync(path));
    deps.images.snapshotter.view(chain, path);
    undo.defer(() => deps.images.snapshotter.unmount(path));
    return path;
  };
  const [base, root] = [view(before.chain), view(after.chain)];
  const key = cacheKey({ parent: "scratch", operation: { diff: resultId(before) }, inputs: [resultId(after)] });
  return await cachedLayer(work, emptyResult(hostPlatform()), { key, name }, () => ({ kind: "compare", root, base }));
}
