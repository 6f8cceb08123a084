import type { TreeItem } from "../../linux/archive/options.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import type { Range } from "../dockerfile/source.ts";
import { resultId, type StageResult } from "../result.ts";
import type { Owner } from "../source/copy-plan.ts";
import type { FolderTree } from "../source/folder-tree.ts";
import { MemoryTree } from "../source/memory-tree.ts";
import type { SourceTree } from "../source/tree.ts";
import { addLayer } from "./add-layer.ts";
import { addParts, inlineParts } from "./copy-parts.ts";
import {
  type CopyPart,
  copyOperation,
  digestPart,
  type ExpandedCopy,
  expandCopy,
  layPart,
  performPart,
  toldCopy,
} from "./copy-step.ts";
import { openSource } from "./open-source.ts";
import { root as rootOwner } from "./owner.ts";
import type { StageWork } from "./stage-work.ts";
import { withView } from "./view.ts";

/** Carries out a COPY or an ADD. */
export async function copy(work: StageWork, instruction: Extract<Instruction, { kind: "COPY" | "ADD" }>) {
  const { range } = instruction;
  const expanded = expandCopy(instruction, work.variables, work.cwd);
  const created = toldCopy(instruction.kind, expanded);
  if (instruction.kind === "ADD") {
    await using opened = new AsyncDisposableStack();
    const parts = await addParts(work, instruction, expanded, opened);
    return await copyParts(work, created, expanded, async () => parts, range);
  }
  if (instruction.from === undefined) return await copyFromContext(work, created, expanded, range);
  const source = await openSource(work, instruction.from, instruction);
  if ("result" in source) return await copyFromResult(work, created, expanded, source.result, range);
  // What is kept elsewhere is whose it was.
  const { tree } = source;
  await copyParts(work, created, expanded, async () => partsOf(tree, expanded, undefined), range);
}

/** Files of the build context, which become root's. It is not looked into where it is known what they are. */
async function copyFromContext(work: StageWork, created: string, expanded: ExpandedCopy, range: Range): Promise<void> {
  const parts = (tree: SourceTree) => partsOf(tree, expanded, rootOwner);
  if (expanded.sources.length === 0)
    return copyParts(work, created, expanded, async () => parts(new MemoryTree([])), range);
  const files = await work.build.context();
  const { sources, destination, chown, chmod, exclude, parents } = expanded;
  const key = JSON.stringify([sources, destination, chown, chmod, exclude, parents]);
  await copyParts(work, created, expanded, async () => parts(await files.tree()), range, {
    get: () => files.digests?.get(key),
    set: (digest) => files.digests?.set(key, digest),
  });
}

function partsOf(tree: SourceTree, expanded: ExpandedCopy, owner: Owner | undefined): CopyPart[] {
  return [...(expanded.sources.length > 0 ? [{ tree, copy: expanded, owner }] : []), ...inlineParts(expanded)];
}

/** `known`: the digest of the first part, where it was found before. */
async function copyParts(
  work: StageWork,
  created: string,
  expanded: ExpandedCopy,
  parts: () => Promise<CopyPart[]>,
  range: Range,
  known?: { get(): string | undefined; set(digest: string): void },
): Promise<void> {
  const { signal } = work.build;
  const digestAll = (of: readonly CopyPart[]) => Promise.all(of.map((part) => digestPart(part, range, signal)));
  const found = known?.get();
  let inputs: string[];
  if (found !== undefined) inputs = [found, ...(await digestAll(inlineParts(expanded)))];
  else {
    inputs = await digestAll(await parts());
    if (inputs[0] !== undefined) known?.set(inputs[0]);
  }
  await addLayer(work, {
    created,
    operation: copyOperation(expanded),
    inputs,
    perform: async (root) => performAll(work, await parts(), root, range),
    lay: async (root, make) => layAll(work, await parts(), root, range, make),
  });
}

/** The files of another stage or of an image: their layers are mounted only if the step has to be done. */
async function copyFromResult(
  work: StageWork,
  created: string,
  expanded: ExpandedCopy,
  source: StageResult,
  range: Range,
): Promise<void> {
  const { sources, exclude, parents, inline } = expanded;
  const partOf = (tree: SourceTree): CopyPart => ({ tree, copy: expanded, owner: undefined });
  await addLayer(work, {
    created,
    operation: { ...copyOperation(expanded), sources, exclude, parents, inline },
    inputs: [resultId(source)],
    // The stage may have been made again, with other times or other files than those that are copied here.
    inputsByContent: () =>
      withFiles(work, source, async (tree) => [await digestPart(partOf(tree), range, work.build.signal)]),
    perform: (root) =>
      withFiles(work, source, (tree) => performAll(work, [partOf(tree), ...inlineParts(expanded)], root, range)),
    lay: (root, make) =>
      withFiles(work, source, (tree) => layAll(work, [partOf(tree), ...inlineParts(expanded)], root, range, make)),
  });
}

async function withFiles<T>(
  { build }: StageWork,
  source: StageResult,
  work: (tree: FolderTree) => Promise<T>,
): Promise<T> {
  await build.imported.materialize(source, build.signal);
  return withView(build.deps, source.chain, work);
}

async function performAll(
  { build, state }: StageWork,
  parts: readonly CopyPart[],
  root: string,
  range: Range,
): Promise<void> {
  const { deps, request, signal } = build;
  const bare = state.chain.length === 0;
  for (const part of parts)
    await performPart(deps, part, root, { range, bare, epoch: request.sourceDateEpoch, signal });
}

/** One part alone can be laid out as a layer: a second one would see what the first brought. */
async function layAll(
  { build, state }: StageWork,
  parts: readonly CopyPart[],
  root: string,
  range: Range,
  make: (items: readonly TreeItem[]) => Promise<void>,
): Promise<boolean> {
  const [part] = parts;
  if (!part || parts.length > 1) return false;
  const bare = state.chain.length === 0;
  const items = await layPart(part, root, { range, bare, epoch: build.request.sourceDateEpoch, signal: build.signal });
  if (items) await make(items);
  return items !== undefined;
}
