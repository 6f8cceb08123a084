import type { Instruction } from "../dockerfile/instructions.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import { origin } from "../plan/plan.ts";
import type { StageResult } from "../result.ts";
import type { SourceTree } from "../source/tree.ts";
import type { StageWork } from "./stage-work.ts";

/** What `--from=` or `from=` of an instruction names: a stage, an image, a named context. */
export function openSource(
  work: StageWork,
  name: string,
  { range }: Instruction,
): Promise<{ result: StageResult } | { tree: SourceTree }> {
  const { build, planned } = work;
  const { index, name: own } = planned.stage;
  const { platform } = planned;
  const contexts = new Set(build.request.contexts.keys());
  const found = origin(name, { stages: build.plan.names, index, platform, contexts });
  if (found.kind !== "context" && (name === String(index) || name.toLowerCase() === own))
    throw new DockerfileError(`circular dependency detected on stage: ${own ?? `stage-${index}`}`, range, {
      near: name,
    });
  if (found.kind === "scratch")
    throw new DockerfileError(`invalid from flag value ${name}: scratch holds nothing`, range);
  if (found.kind === "image" && /^\d+$/.test(name))
    throw new DockerfileError(`invalid stage index ${name}`, range, { near: name });
  return build.open(found, planned, (text) => work.status(text), { range, near: name });
}
