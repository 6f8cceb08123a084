import type { Instruction } from "../dockerfile/instructions.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import type { PlannedStage } from "../plan/plan.ts";
import type { Solve } from "../plan/solving.ts";
import { isWork, stepsOf, textOf } from "../plan/stage-steps.ts";
import type { StageResult } from "../result.ts";
import { arg } from "./arg.ts";
import { configure } from "./configure.ts";
import { copy } from "./copy.ts";
import { from } from "./from.ts";
import { takeTriggers } from "./onbuild.ts";
import { run } from "./run.ts";
import { StageWork } from "./stage-work.ts";
import { told } from "./told.ts";
import { workdir } from "./workdir.ts";

/** Solves one stage: its base, the instructions that the base brings, then its own. */
export async function solveStage(build: Solve, planned: PlannedStage): Promise<StageResult> {
  const { stage } = planned;
  let steps = stepsOf(build, planned);
  const work = new StageWork(build, planned);

  work.step = steps[0];
  await told(work, stage.from, () => from(work));
  const triggers = takeTriggers(work);
  if (triggers.length > 0)
    steps = stepsOf(
      build,
      planned,
      triggers.map(({ instruction }) => instruction),
    );
  work.done();

  for (const [index, { instruction, step }] of triggers.entries()) {
    work.step = step;
    work.last = stage.instructions.length === 0 && index === triggers.length - 1;
    await told(work, instruction, () => apply(work, instruction));
  }

  for (const [index, instruction] of stage.instructions.entries()) {
    if (build.breath.due) await build.breath.take();
    build.signal.throwIfAborted();
    work.step = steps[index + 1];
    work.last = index === stage.instructions.length - 1;
    await told(work, instruction, () => apply(work, instruction));
  }
  return work.result();
}

/** Variables that hold secrets while a RUN runs. */
function secretNames(instruction: Instruction): ReadonlySet<string> {
  const mounts = instruction.kind === "RUN" ? instruction.mounts : [];
  return new Set(
    mounts
      .filter((mount) => /(^|,)type=secret(,|$)/.test(mount))
      .flatMap((mount) => /(?:^|,)env=([^,]+)/.exec(mount)?.[1] ?? []),
  );
}

async function apply(work: StageWork, instruction: Instruction): Promise<void> {
  if (isWork(instruction)) work.named(work.variables.inText(textOf(instruction), secretNames(instruction)));
  switch (instruction.kind) {
    case "ARG":
      return arg(work, instruction);
    case "RUN":
      return run(work, instruction);
    case "COPY":
    case "ADD":
      return copy(work, instruction);
    case "WORKDIR":
      return workdir(work, instruction);
    default: {
      work.started();
      const created = configure(work.configuration, instruction, work.variables);
      if (created === undefined) throw new DockerfileError(`unexpected ${instruction.kind}`, instruction.range);
      if (created !== null) work.remember(created, undefined);
      work.doneConfiguring();
    }
  }
}
