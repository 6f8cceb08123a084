import type { Definition } from "../../api/buildkit/llb.ts";
import type { StageResult } from "../result.ts";
import { build } from "./build.ts";
import { diff } from "./diff.ts";
import { exec } from "./exec/exec.ts";
import { file } from "./file/file.ts";
import { BadDefinition, kindsOf, type Vertex } from "./graph.ts";
import { merge } from "./merge.ts";
import { source } from "./sources/source.ts";
import type { LlbWork, Output, Told } from "./work.ts";

/** Does one operation, whose inputs are there. Returns what it gives, by the numbers of its outputs. */
export async function perform(
  work: LlbWork,
  vertex: Vertex,
  inputs: readonly Output[],
  told: Told,
  layersOf: (output: Output) => Promise<StageResult>,
  solve: (definition: Definition) => Promise<Output>,
): Promise<readonly Output[]> {
  const { op } = vertex;
  if (op.source) return [await source(work, vertex, op.source, told)];
  if (op.exec) return exec(work, vertex, op.exec, inputs, told, layersOf);
  if (op.file) return file(work, vertex, op.file, inputs, told, layersOf);
  if (op.merge) return merge(work, vertex, op.merge, inputs, told, layersOf);
  if (op.diff) return diff(work, vertex, op.diff, inputs, told, layersOf);
  if (op.build) return build(work, op.build, inputs, told, solve);
  throw new BadDefinition(`operation ${kindsOf(op).join(", ")} of ${vertex.name} is not supported`);
}
