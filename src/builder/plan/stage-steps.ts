import type { StepInfo } from "../../api/build-events.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { Dockerfile, Instruction } from "../dockerfile/instructions.ts";
import { heredocOf } from "../dockerfile/lex.ts";
import { imagesIn, lookUpOf } from "./look-ups.ts";
import type { PlannedStage } from "./plan.ts";
import type { Solve } from "./solving.ts";

type Labelled = Pick<Solve, "several" | "dockerfile">;

/**
 * The steps of a stage, in the order of the file. `triggers`: instructions that its base image brings, once they are
 * known; as BuildKit has it they count for all but the FROM.
 */
export function stepsOf(
  solve: Pick<Solve, "prefix" | "request" | "plan"> & Labelled,
  planned: PlannedStage,
  triggers: readonly Instruction[] = [],
): StepInfo[] {
  const { prefix, several, request, plan } = solve;
  const { from, instructions, index: stageIndex, name } = planned.stage;
  const stage = several ? `${platformLabel(planned)} ${name ?? `stage-${stageIndex}`}` : (name ?? String(stageIndex));
  const all = [from, ...instructions];
  const works = (each: Instruction) => (each.kind === "FROM" ? bringsImage(planned) : isWork(each));
  const before = numbered(planned);
  let number = before + triggers.filter(isWork).length;
  const label = (instruction: Instruction) => {
    if (instruction.kind !== "FROM") return labelOf(solve, planned, ++number, triggers.length);
    // What a named context brings is told of as that, and counts for no step of the stage.
    if (planned.base.kind === "context") return contextLabel(planned.base.name, request);
    return labelOf(solve, planned, before, 0);
  };
  return all.map((instruction, index) => ({
    id: `${prefix}${stageIndex}.${index}`,
    stage,
    stageIndex,
    number: index + 1,
    total: all.length,
    text: textOf(instruction),
    ...withImages(
      instruction === from
        ? [lookUpOf(planned.base, request.contexts)?.name ?? []].flat()
        : imagesIn(instruction, planned, plan, request.contexts),
    ),
    ...labelled(works(instruction) ? label(instruction) : undefined),
  }));
}

/** The labels of instructions that a base image brings; undefined for those that do not change files. */
export function triggerLabels(solve: Labelled, planned: PlannedStage, triggers: readonly Instruction[]) {
  let number = numbered(planned);
  return triggers.map((each) => (isWork(each) ? labelOf(solve, planned, ++number, triggers.length) : undefined));
}

/** How many numbers the FROM takes. */
const numbered = ({ base }: PlannedStage) => (base.kind === "image" ? 1 : 0);

function labelOf({ several, dockerfile }: Labelled, planned: PlannedStage, number: number, triggers: number): string {
  const { name, index, instructions } = planned.stage;
  const total = (bringsImage(planned) ? 1 : 0) + instructions.filter(isWork).length + triggers;
  const words = [
    ...(several ? [platformLabel(planned)] : []),
    ...(isAlone(dockerfile) ? [] : [name ?? `stage-${index}`]),
    `${String(number).padStart(String(total).length)}/${total}`,
  ];
  return `[${words.join(" ")}]`;
}

const withImages = (images: string[]) => (images.length === 0 ? {} : { images });
const labelled = (label: string | undefined) => (label === undefined ? {} : { label });

/** Undefined where its files come from a client or another build, which tell of that themselves. */
function contextLabel(name: string, { contexts }: Solve["request"]): string | undefined {
  const context = contexts.get(name);
  return context && ("image" in context || "layout" in context) ? `[context ${name}]` : undefined;
}

/** BuildKit names no stage where there is but one, and nothing else brings files either. */
function isAlone({ stages }: Dockerfile): boolean {
  const [only, second] = stages;
  return (
    second === undefined &&
    !only?.instructions.some(
      (each) => (each.kind === "RUN" && each.mounts.length > 0) || (each.kind === "COPY" && each.from !== undefined),
    )
  );
}

const bringsImage = ({ base }: PlannedStage) => base.kind === "image" || base.kind === "context";

/** Whether an instruction changes files. */
export function isWork({ kind }: Instruction): boolean {
  return kind === "RUN" || kind === "COPY" || kind === "ADD" || kind === "WORKDIR";
}

/** `linux/arm64`, or `linux/amd64->arm64` for a stage that runs on one to build for the other. */
function platformLabel({ platform, target }: PlannedStage): string {
  const own = formatPlatform(platform);
  return own === formatPlatform(target)
    ? own
    : `${own}->${[target.architecture, target.variant].filter(Boolean).join("/")}`;
}

/** What a step does, as progress shows it: of a here-document that is the command, its first line too. */
export function textOf(instruction: Instruction): string {
  const text = oneLine(instruction.text);
  if (instruction.kind !== "RUN" || instruction.command.form !== "shell") return text;
  const [script] = instruction.command.heredocs;
  if (!script || !heredocOf(instruction.command.text)) return text;
  const lines = script.content.trim().split(/\r?\n/);
  return `${text} (${lines[0]}${lines.length > 1 ? "..." : ""})`;
}

/** An instruction as one line, however many it takes in the file. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
