import type { Platform } from "../oci/image.ts";
import type { Dockerfile, Stage } from "./dockerfile/instructions.ts";
import { DockerfileError } from "./dockerfile/source.ts";
import { formatPlatform, hostPlatform, parsePlatform } from "../oci/platform.ts";
import { cacheKey } from "./cache-key.ts";
import { platformArgs, Variables } from "./variables.ts";

/** Where a stage, a `COPY --from` or a `RUN --mount from=` gets its files. */
export type Origin =
  | { kind: "stage"; index: number }
  | { kind: "image"; ref: string }
  | { kind: "context"; name: string }
  | { kind: "scratch" };

export interface PlannedStage {
  stage: Stage;
  base: Origin;
  /** What it is for, and what the build is for: these differ in stages that help to build (`FROM --platform=$BUILDPLATFORM`). */
  platform: Platform;
  target: Platform;
  /** Stages of this Dockerfile with equal identities, of plans for several platforms, do the same. */
  identity: string;
  /** Other stages that it needs, its base included. */
  needs: number[];
  /** Values of ARGs declared before the first FROM, which a bare `ARG name` in the stage takes up. */
  globals: ReadonlyMap<string, string>;
}

export interface Plan {
  stages: PlannedStage[];
  target: number;
  /** Stages that the target needs, itself included, in the order of the file. */
  reachable: number[];
}

export interface PlanOptions {
  target: string;
  buildArgs: Readonly<Record<string, string>>;
  platform: Platform;
  /** Names given by `--build-context`: they win over stages' and images' names. */
  contexts: ReadonlySet<string>;
}

/** Finds the stages of a build and what each needs. Throws {@link DockerfileError}. */
export function plan(dockerfile: Dockerfile, options: PlanOptions): Plan {
  const build = hostPlatform();
  const targetPlatform = options.platform;
  const automatic = platformArgs(build, targetPlatform, options.target || "default");
  const globals = new Variables(dockerfile.escape, []);
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(automatic)) globals.setArg(name, value);
  for (const instruction of dockerfile.globalArgs) {
    for (const { name, value } of instruction.args) {
      const own = options.buildArgs[name] ?? (value === undefined ? undefined : globals.expand(value, instruction.range));
      if (own === undefined) continue;
      globals.setArg(name, own);
      values.set(name, own);
    }
  }
  const planned = dockerfile.stages.map((stage): PlannedStage => {
    const { from } = stage;
    const name = globals.expand(from.image, from.range);
    if (name === "") throw new DockerfileError(`base name (${from.image}) should not be blank`, from.range, { near: from.image });
    const platformText = from.platform === undefined ? undefined : globals.expand(from.platform, from.range);
    const platform = platformText ? readPlatform(platformText, from) : targetPlatform;
    return { stage, base: origin(name, dockerfile.stages.slice(0, stage.index), options.contexts, false), platform, target: targetPlatform, identity: "", needs: [], globals: values };
  });
  for (const each of planned) {
    each.needs = needsOf(each, dockerfile.stages, options.contexts);
    // A stage that builds on another is for that one's platform unless it says otherwise.
    if (each.base.kind === "stage" && each.stage.from.platform === undefined) each.platform = planned[each.base.index]?.platform ?? each.platform;
  }
  for (const each of planned) each.identity = identityOf(each, planned, automatic);
  const target = findTarget(dockerfile, options.target);
  const reachable = new Set<number>();
  const visit = (index: number) => {
    if (reachable.has(index)) return;
    reachable.add(index);
    for (const need of planned[index]?.needs ?? []) visit(need);
  };
  visit(target);
  return { stages: planned, target, reachable: [...reachable].sort((a, b) => a - b) };
}

/** Of the platform that a build is for a stage knows what its arguments tell it, and what the stages before it were made of. */
function identityOf({ stage, base, platform, needs, globals }: PlannedStage, stages: readonly PlannedStage[], automatic: Readonly<Record<string, string>>): string {
  const declared = stage.instructions.flatMap((instruction) => (instruction.kind === "ARG" ? instruction.args : [])).filter(({ value }) => value === undefined);
  const values = declared.map(({ name }) => globals.get(name) ?? automatic[name] ?? "");
  const before = needs.filter((need) => need < stage.index).map((need) => stages[need]?.identity);
  return cacheKey({ parent: formatPlatform(platform), operation: [stage.index, base, values, before] });
}

function readPlatform(text: string, from: Stage["from"]): Platform {
  try {
    return parsePlatform(text);
  } catch (cause) {
    throw new DockerfileError(`failed to parse platform ${text}: ${cause instanceof Error ? cause.message : cause}`, from.range, { cause, near: from.platform ?? text });
  }
}

/** Which thing a name means: a named context, a stage before this one (by name or number), or an image. */
export function origin(name: string, before: readonly Stage[], contexts: ReadonlySet<string>, byNumber = true): Origin {
  if (contexts.has(name) || contexts.has(name.toLowerCase())) return { kind: "context", name: contexts.has(name) ? name : name.toLowerCase() };
  const named = before.findLast((stage) => stage.name === name.toLowerCase());
  if (named) return { kind: "stage", index: named.index };
  if (byNumber && /^\d+$/.test(name) && Number(name) < before.length) return { kind: "stage", index: Number(name) };
  if (name === "scratch") return { kind: "scratch" };
  return { kind: "image", ref: name };
}

function needsOf(planned: PlannedStage, stages: readonly Stage[], contexts: ReadonlySet<string>): number[] {
  const needs = new Set<number>();
  const add = (found: Origin) => { if (found.kind === "stage") needs.add(found.index); };
  add(planned.base);
  for (const instruction of planned.stage.instructions) {
    if (instruction.kind === "COPY" && instruction.from !== undefined) {
      const self = stages[planned.stage.index];
      if (self?.name && instruction.from.toLowerCase() === self.name) throw new DockerfileError(`circular dependency detected on stage: ${self.name}`, instruction.range);
      const later = stages.slice(planned.stage.index).find((stage) => stage.name === instruction.from?.toLowerCase());
      if (later && !stages.slice(0, planned.stage.index).some((stage) => stage.name === later.name)) {
        throw new DockerfileError(`cannot copy from stage "${instruction.from}", it needs to be defined before current stage "${self?.name ?? planned.stage.index}"`, instruction.range, { near: instruction.from });
      }
      add(origin(instruction.from, stages.slice(0, planned.stage.index), contexts));
    }
    if (instruction.kind === "RUN") {
      for (const mount of instruction.mounts) if (mount.from) add(origin(mount.from, stages.slice(0, planned.stage.index), contexts));
    }
  }
  return [...needs];
}

function findTarget(dockerfile: Dockerfile, target: string): number {
  if (target === "") return dockerfile.stages.length - 1;
  const named = dockerfile.stages.findLast((stage) => stage.name === target.toLowerCase());
  if (named) return named.index;
  if (/^\d+$/.test(target) && Number(target) < dockerfile.stages.length) return Number(target);
  throw new DockerfileError(`target stage "${target}" could not be found`, { start: 1, end: 1 });
}

/** The stages and what each needs, as `build --graph` prints it. */
export function drawPlan(plan: Plan): string {
  return plan.stages.map((each, index) => {
    const base = each.base.kind === "stage" ? `stage ${each.base.index}` : each.base.kind === "image" ? each.base.ref : each.base.kind === "context" ? `context ${each.base.name}` : "scratch";
    const others = each.needs.filter((need) => !(each.base.kind === "stage" && each.base.index === need));
    const marks = [index === plan.target ? "target" : "", plan.reachable.includes(index) ? "" : "not needed"].filter(Boolean);
    return `${index}${each.stage.name ? ` ${each.stage.name}` : ""} (${formatPlatform(each.platform)}) <- ${base}${others.map((need) => `, ${plan.stages[need]?.stage.name ?? `stage ${need}`}`).join("")}${marks.length ? `  [${marks.join(", ")}]` : ""}`;
  }).join("\n");
}
