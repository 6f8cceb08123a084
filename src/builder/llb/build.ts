import { type BuildOp, Definition } from "../../api/buildkit/llb.ts";
import { errorMessage } from "../../lib/errors.ts";
import { decode } from "../../lib/protobuf.ts";
import { inside } from "../source/path.ts";
import { resolve, type SourceTree } from "../source/tree.ts";
import { withView } from "../steps/view.ts";
import { BadDefinition } from "./graph.ts";
import type { LlbWork, Output, Told } from "./work.ts";

/** The builder of a definition by itself, in place of the number of an input that is one. */
const ownBuilder = -1;
/** The input that has the definition, and the file in it. */
const definitionInput = "buildkit.llb.definition";
const mostBytes = 32 * 1024 * 1024;

/** A build within the build: of a definition that an input has as a file. */
export async function build(
  work: LlbWork,
  op: BuildOp,
  inputs: readonly Output[],
  told: Told,
  solve: (definition: Definition) => Promise<Output>,
): Promise<readonly Output[]> {
  if (op.builder !== ownBuilder) throw new BadDefinition("only LLB builder is currently allowed");
  const named = op.inputs.get(definitionInput);
  if (!named) throw new BadDefinition(`no llb definition input ${definitionInput} found`);
  const input = inputs[named.input];
  if (!input) throw new BadDefinition(`invalid index ${named.input}`);
  told.start();
  const path = op.attrs.get("llb.definition.filename") ?? definitionInput;
  const read = (tree: SourceTree) => readDefinition(tree, path);
  const definition = "files" in input ? await read(input.files) : await viewed(work, input, read);
  try {
    const output = await solve(definition);
    told.done();
    return [output];
  } catch (error) {
    if (!work.signal.aborted) told.fail(errorMessage(error));
    throw error;
  }
}

async function viewed<T>(
  { deps, imported, signal }: LlbWork,
  { layers }: Extract<Output, { layers: unknown }>,
  read: (tree: SourceTree) => Promise<T>,
): Promise<T> {
  await imported.materialize(layers, signal);
  return withView(deps, layers.chain, read);
}

async function readDefinition(tree: SourceTree, path: string): Promise<Definition> {
  const shown = `/${inside(path)}`;
  const real = resolve(tree, path);
  const entry = real === undefined ? undefined : tree.entry(real);
  if (real === undefined || !entry)
    throw new BadDefinition(`failed to open ${shown}: open ${shown}: no such file or directory`);
  if (entry.type !== "file") throw new BadDefinition(`${shown} is not a regular file`);
  if (entry.size > mostBytes) throw new BadDefinition(`${shown} has more than ${mostBytes} bytes`);
  await tree.ready?.([real]);
  const parts: Uint8Array[] = [];
  for await (const part of tree.read(real)) parts.push(part);
  try {
    return decode(Definition, Buffer.concat(parts));
  } catch (cause) {
    throw new BadDefinition(`${shown} is no definition: ${errorMessage(cause)}`, cause);
  }
}
