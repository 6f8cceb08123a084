import { own } from "../../lib/own.ts";
import type { Platform } from "../../oci/image.ts";
import { hostPlatform } from "../../oci/platform.ts";
import type { Dockerfile, Instruction } from "../dockerfile/instructions.ts";
import type { StageBase } from "../dockerfile/lint-stage.ts";
import { parseRunMount } from "../dockerfile/run-mount.ts";
import type { Range } from "../dockerfile/source.ts";
import type { Plan, PlannedStage } from "./plan.ts";
import { noVariables, platformArgs, type StageVariables, Variables } from "./variables.ts";

/** What a build takes from whoever asks for it. */
export interface Outline {
  /** Of the stage that is built; undefined: it has none. */
  name: string | undefined;
  description: string | undefined;
  args: OutlinedArg[];
  secrets: OutlinedMount[];
  agents: OutlinedMount[];
}

interface OutlinedArg {
  name: string;
  /** What it comes to when nothing more is given. */
  value: string | undefined;
  description: string | undefined;
  range: Range;
}

interface OutlinedMount {
  name: string;
  required: boolean;
  range: Range;
}

/** What the outline goes by besides the plan. */
export interface OutlineOptions {
  dockerfile: Dockerfile;
  buildArgs: Readonly<Record<string, string>>;
  /** What a stage's base image brings; undefined where that is not known. */
  base: (stage: number) => StageBase | undefined;
}

/** What a stage was found to take. */
interface StageOutline extends Pick<Outline, "args" | "secrets" | "agents"> {
  variables: StageVariables;
  env: string[];
}

/** The arguments, secrets and agents that the target of a plan asks for, in the order of the file. */
export function outlineOf(plan: Plan, options: OutlineOptions): Outline {
  const target = plan.stages[plan.target];
  const globals = globalArgs(options, target?.target ?? hostPlatform());
  const stages = new Map<number, StageOutline>();
  for (const index of plan.reachable) {
    const planned = plan.stages[index];
    if (planned) stages.set(index, outlineStage(planned, options, globals, stages));
  }
  const { name, description } = target?.stage ?? {};
  const nearest = [...stages.values()].toReversed();
  const merged = <T extends { name: string; range: Range }>(each: (stage: StageOutline) => T[]) =>
    firstOfEach(nearest.flatMap(each)).sort((a, b) => a.range.start - b.range.start);
  return {
    name,
    description,
    args: merged(({ args }) => args),
    secrets: merged(({ secrets }) => secrets),
    agents: merged(({ agents }) => agents),
  };
}

function firstOfEach<T extends { name: string }>(all: readonly T[]): T[] {
  const seen = new Set<string>();
  return all.filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** An ARG before the first FROM, with the names of others that its value is made of. */
interface GlobalArg extends OutlinedArg {
  madeOf: ReadonlySet<string>;
}

interface Globals {
  args: ReadonlyMap<string, GlobalArg>;
  variables: Variables;
}

function globalArgs({ dockerfile, buildArgs }: OutlineOptions, platform: Platform): Globals {
  const variables = new Variables(dockerfile.escape, []);
  for (const [name, value] of Object.entries(platformArgs(hostPlatform(), platform, ""))) variables.setArg(name, value);
  const args = new Map<string, GlobalArg>();
  for (const { args: declared, range } of dockerfile.globalArgs) {
    for (const { name, value: byDefault, description } of declared) {
      const value =
        own(buildArgs, name) ?? (byDefault === undefined ? undefined : expanded(variables, byDefault, range));
      variables.setArg(name, value);
      args.set(name, { name, value, description, range, madeOf: namesIn(byDefault ?? "") });
    }
  }
  return { args, variables };
}

/** The variables that a text may take. */
const namesIn = (text: string) => new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name));

/** An argument of those before the first FROM, with all that its value is made of. */
function withParts(name: string, args: Globals["args"], seen = new Set<string>()): GlobalArg[] {
  const arg = args.get(name);
  if (!arg || seen.has(name)) return [];
  seen.add(name);
  return [arg, ...[...arg.madeOf].flatMap((part) => withParts(part, args, seen))];
}

function outlineStage(
  { stage, base }: PlannedStage,
  { dockerfile, buildArgs, base: brought }: OutlineOptions,
  globals: Globals,
  stages: ReadonlyMap<number, StageOutline>,
): StageOutline {
  const under = base.kind === "stage" ? stages.get(base.index) : undefined;
  const variables = new Variables(dockerfile.escape, under?.env ?? brought(stage.index)?.env ?? []);
  variables.inherit(under?.variables ?? noVariables);
  const found: StageOutline = { args: [], secrets: [], agents: [], variables: noVariables, env: [] };
  const { image, platform = "" } = stage.from;
  for (const name of [...namesIn(image), ...namesIn(platform)]) found.args.push(...withParts(name, globals.args));
  for (const instruction of stage.instructions) {
    if (instruction.kind === "ARG") takeArgs(instruction, { variables, globals, buildArgs, found });
    else if (instruction.kind === "ENV") {
      const { range } = instruction;
      for (const { key, value } of instruction.pairs)
        variables.setEnv(expanded(variables, key, range), expanded(variables, value, range));
    } else if (instruction.kind === "RUN") takeMounts(instruction, variables, found);
  }
  return { ...found, variables: variables.handOn(), env: variables.env() };
}

function takeArgs(
  { args, range }: Extract<Instruction, { kind: "ARG" }>,
  {
    variables,
    globals,
    buildArgs,
    found,
  }: { variables: Variables; globals: Globals; buildArgs: OutlineOptions["buildArgs"]; found: StageOutline },
): void {
  for (const { name, value: byDefault, description } of args) {
    const outside = byDefault === undefined && globals.variables.declared(name);
    const value = outside
      ? globals.variables.lookup(name)
      : (own(buildArgs, name) ?? (byDefault === undefined ? undefined : expanded(variables, byDefault, range)));
    variables.setArg(name, value);
    // Without a value of its own it is the one before the first FROM, or one that the builder gives.
    const taken = outside ? withParts(name, globals.args) : [{ name, value, description, range }];
    found.args = [...found.args.filter((before) => before.name !== name), ...taken];
  }
}

function takeMounts(
  { mounts, range }: Extract<Instruction, { kind: "RUN" }>,
  variables: Variables,
  found: StageOutline,
): void {
  for (const text of mounts) {
    const {
      type,
      id,
      source,
      target,
      required = false,
    } = parseRunMount(text, range, (value) => expanded(variables, value, range));
    if (type === "ssh") found.agents.push({ name: id ?? "default", required, range });
    if (type !== "secret") continue;
    const name = id ?? source ?? target?.slice(target.lastIndexOf("/") + 1);
    if (name) found.secrets.push({ name, required, range });
  }
}

/** What cannot be expanded is told when it is built, not here. */
function expanded(variables: Variables, text: string, range: Range): string {
  try {
    return variables.expand(text, range);
  } catch {
    return "";
  }
}
