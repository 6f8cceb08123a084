import type { StepInfo } from "../../api/build-events.ts";
import type { Instruction } from "../dockerfile/instructions.ts";
import { parseTrigger } from "../dockerfile/parse.ts";
import { oneLine, triggerLabels } from "../plan/stage-steps.ts";
import type { StageWork } from "./stage-work.ts";

/** An ONBUILD instruction of the base image, and the step that shows it. */
export interface Trigger {
  instruction: Instruction;
  step: StepInfo;
}

/**
 * ONBUILD: takes the instructions that the base image brings out of its configuration, and announces a step for each.
 * Throws what is wrong with one with the place where the base is named.
 */
export function takeTriggers({ build, planned, configuration, step: base }: StageWork): Trigger[] {
  const { stage } = planned;
  const instructions = (configuration.config.OnBuild ?? []).map((text) => ({
    ...parseTrigger(text),
    range: stage.from.range,
  }));
  configuration.config.OnBuild = undefined;
  const labels = triggerLabels(build, planned, instructions);
  // They stand in no line of the file: steps that are known only now.
  const triggers = instructions.map(
    (instruction, index): Trigger => ({
      instruction,
      step: {
        id: `${base?.id ?? ""}.${index}`,
        stage: base?.stage ?? "",
        stageIndex: stage.index,
        number: 0,
        total: 0,
        text: `ONBUILD ${oneLine(instruction.text)}`,
        trigger: base?.id ?? "",
        ...(labels[index] !== undefined && { label: labels[index] }),
      },
    }),
  );
  for (const { step } of triggers) build.events.emit({ kind: "step", step });
  return triggers;
}
