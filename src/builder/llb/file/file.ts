import type { FileAction, FileOp } from "../../../api/buildkit/llb.ts";
import type { TreeItem } from "../../../linux/archive/options.ts";
import { hostPlatform } from "../../../oci/platform.ts";
import { emptyResult, resultId, type StageResult } from "../../result.ts";
import type { SourceTree } from "../../source/tree.ts";
import { withView } from "../../steps/view.ts";
import type { Vertex } from "../graph.ts";
import { addLayer } from "../layers.ts";
import { nameOf } from "../vertex-name.ts";
import type { LlbWork, Output, Told } from "../work.ts";
import { act, layCopy } from "./act.ts";
import { describe } from "./action.ts";
import { digestCopy } from "./copy.ts";
import { type Origin, planFile } from "./plan.ts";

/**
 * Changes of files: actions that follow each other make one layer upon what they began with. What a copy takes out of
 * layers is looked at only when it has to be done.
 */
export async function file(
  work: LlbWork,
  vertex: Vertex,
  op: FileOp,
  inputs: readonly Output[],
  told: Told,
  layersOf: (output: Output) => Promise<StageResult>,
): Promise<readonly Output[]> {
  const plan = planFile(op, inputs.length);
  const states = new Map<number, Promise<StageResult>>();
  let begun = false;
  const begin = () => {
    if (!begun) told.start();
    begun = true;
  };
  const from = async (origin: Origin): Promise<Output> => {
    if (origin.kind === "scratch") return { layers: emptyResult(hostPlatform()) };
    if (origin.kind === "action") return { layers: await state(origin.index) };
    return inputs[origin.index] ?? { layers: emptyResult(hostPlatform()) };
  };
  const layers = async (origin: Origin) => layersOf(await from(origin));
  const state = (action: number): Promise<StageResult> => {
    const known = states.get(action);
    if (known) return known;
    const made = make(action);
    states.set(action, made);
    return made;
  };
  const make = async (action: number): Promise<StageResult> => {
    const { base, actions } = plan.runTo(action);
    const standing = await layers(base);
    const sources = await Promise.all(
      actions.map((each) => (each.copy ? from(plan.origin(each.secondaryInput)) : undefined)),
    );
    const digests = (look: (output: Output, each: FileAction) => Promise<string>) =>
      Promise.all(
        actions.map(async (each, index) => {
          const source = sources[index];
          return source ? look(source, each) : "";
        }),
      );
    const digest = (output: Output, each: FileAction) =>
      withFiles(work, output, (tree) => digestCopy(tree, each, work.signal));
    const [only, ...others] = actions;
    const [source] = sources;
    const layOnly = async (root: string, tree: SourceTree, make: (items: readonly TreeItem[]) => Promise<void>) => {
      const items = only && (await layCopy(work, { action: only, root, plan, layers, tree }));
      if (items) await make(items);
      return items !== undefined;
    };
    const { result } = await addLayer(work, standing, {
      operation: { file: actions.map(describe) },
      inputs: await digests(async (output, each) =>
        "layers" in output ? resultId(output.layers) : digest(output, each),
      ),
      ...(sources.some((source) => source && "layers" in source) && { inputsByContent: () => digests(digest) }),
      created: nameOf({ ...vertex.op, file: { actions: [...actions] } }, [], undefined),
      description: vertex.name,
      noCache: vertex.metadata?.ignoreCache ?? false,
      begin,
      perform: async (root) => {
        for (const [index, each] of actions.entries()) {
          work.signal.throwIfAborted();
          const source = sources[index];
          const looked = { action: each, root, plan, layers };
          if (source) await withFiles(work, source, (tree) => act(work, { ...looked, tree }));
          else await act(work, looked);
        }
      },
      // Of several actions the later ones see what the first has done.
      ...(source &&
        others.length === 0 && { lay: (root, make) => withFiles(work, source, (tree) => layOnly(root, tree, make)) }),
    });
    return result;
  };
  const given: Output[] = [];
  for (const [output, action] of plan.outputs) given[output] = { layers: await state(action) };
  told.done({ cached: !begun });
  return given;
}

async function withFiles<T>(work: LlbWork, output: Output, look: (tree: SourceTree) => Promise<T>): Promise<T> {
  if ("files" in output) return look(output.files);
  await work.imported.materialize(output.layers, work.signal);
  return withView(work.deps, output.layers.chain, look);
}
