import { invalid } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import { own } from "../../lib/own.ts";
import type { Platform } from "../../oci/image.ts";
import { formatPlatform, hostPlatform, parsePlatform } from "../../oci/platform.ts";
import { cacheKey } from "../cache/cache-key.ts";
import { didYouMean } from "../dockerfile/distance.ts";
import type { Dockerfile, Stage } from "../dockerfile/instructions.ts";
import { DockerfileError } from "../dockerfile/source.ts";
import { StageNames } from "./stage-names.ts";
import { platformArgs, Variables } from "./variables.ts";

/** Where a stage, a `COPY --from` or a `RUN --mount from=` gets its files. */
export type Origin =
  | { kind: "stage"; index: number }
  | { kind: "image"; ref: string }
  | { kind: "context"; name: string }
  | { kind: "scratch" };

/** A stage with what it starts from and needs. Numbers are places of stages in the file, from 0. */
export interface PlannedStage {
  stage: Stage;
  base: Origin;
  /**
   * What it is for, and what the build is for: these differ in stages that help to build (`FROM
   * --platform=$BUILDPLATFORM`).
   */
  platform: Platform;
  target: Platform;
  /** Stages of this Dockerfile with equal identities, of plans for several platforms, do the same. */
  identity: string;
  /** Other stages that it needs, its base included. */
  needs: number[];
  /** What its instructions take files from, besides its base. */
  takes: Origin[];
  /** Values of ARGs declared before the first FROM, which a bare `ARG name` in the stage takes up. */
  globals: ReadonlyMap<string, string>;
}

/** What is to be built for one platform. `target`: number of the stage that is the result. */
export interface Plan {
  stages: PlannedStage[];
  names: StageNames;
  target: number;
  /** Stages that the target needs, itself included, in the order of the file. */
  reachable: number[];
}

/** What the request says about a plan. `target`: name or number of a stage; empty: the last. */
export interface PlanOptions {
  target: string;
  buildArgs: Readonly<Record<string, string>>;
  platform: Platform;
  /** Names given by `--build-context`: they win over stages' and images' names. */
  contexts: ReadonlySet<string>;
}

/** Finds the stages of a build and what each needs, in small parts. Throws {@link DockerfileError}. */
export function* plan(dockerfile: Dockerfile, options: PlanOptions): Generator<void, Plan> {
  const build = hostPlatform();
  const targetPlatform = options.platform;
  const automatic = platformArgs(build, targetPlatform, options.target || "default");
  const globals = new Variables(dockerfile.escape, []);
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(automatic)) globals.setArg(name, value);
  for (const instruction of dockerfile.globalArgs) {
    for (const { name, value } of instruction.args) {
      const set =
        own(options.buildArgs, name) ?? (value === undefined ? undefined : globals.expand(value, instruction.range));
      if (set === undefined) continue;
      globals.setArg(name, set);
      values.set(name, set);
    }
  }
  const names = new StageNames(dockerfile.stages);
  const planned: PlannedStage[] = [];
  for (const stage of dockerfile.stages) {
    yield;
    const { from } = stage;
    const name = globals.expand(from.image, from.range);
    if (name === "")
      throw new DockerfileError(`base name (${from.image}) should not be blank`, from.range, { near: from.image });
    const platformText = from.platform === undefined ? undefined : globals.expand(from.platform, from.range);
    if (platformText === "")
      throw new DockerfileError(`empty platform value from expression ${from.platform}`, from.range, {
        near: from.platform ?? "",
      });
    const platform = platformText ? readPlatform(platformText, from) : targetPlatform;
    planned.push({
      stage,
      base: origin(name, { stages: names, index: stage.index, platform, contexts: options.contexts }, false),
      platform,
      target: targetPlatform,
      identity: "",
      needs: [],
      takes: [],
      globals: values,
    });
  }
  for (const each of planned) {
    yield;
    each.takes = originsIn(each, names, options.contexts);
    each.needs = [...new Set([each.base, ...each.takes].flatMap((from) => (from.kind === "stage" ? from.index : [])))];
    // A stage that builds on another is for that one's platform unless it says otherwise.
    if (each.base.kind === "stage" && each.stage.from.platform === undefined)
      each.platform = planned[each.base.index]?.platform ?? each.platform;
  }
  for (const each of planned) {
    yield;
    each.identity = identityOf(each, planned, automatic);
  }
  const target = findTarget(dockerfile, options.target);
  const reachable = new Set([target]);
  // What is added on the way is gone through as well.
  for (const index of reachable) for (const need of planned[index]?.needs ?? []) reachable.add(need);
  return { stages: planned, names, target, reachable: [...reachable].sort((a, b) => a - b) };
}

/**
 * Of the platform that a build is for a stage knows what its arguments tell it, and what the stages before it were made
 * of.
 */
function identityOf(
  { stage, base, platform, needs, globals }: PlannedStage,
  stages: readonly PlannedStage[],
  automatic: Readonly<Record<string, string>>,
): string {
  const declared = stage.instructions
    .flatMap((instruction) => (instruction.kind === "ARG" ? instruction.args : []))
    .filter(({ value }) => value === undefined);
  const values = declared.map(({ name }) => globals.get(name) ?? own(automatic, name) ?? "");
  const before = needs.filter((need) => need < stage.index).map((need) => stages[need]?.identity);
  return cacheKey({ parent: formatPlatform(platform), operation: [stage.index, base, values, before] });
}

function readPlatform(text: string, from: Stage["from"]): Platform {
  try {
    return parsePlatform(text);
  } catch (cause) {
    throw new DockerfileError(
      `failed to parse platform ${text}: ${cause instanceof Error ? cause.message : cause}`,
      from.range,
      { cause, near: from.platform ?? text },
    );
  }
}

/** Where a name stands: in the stage at `index`, which is for a platform. */
interface Place {
  stages: StageNames;
  index: number;
  platform: Platform;
  contexts: ReadonlySet<string>;
}

/** Which thing a name means: a named context, a stage before its own (by name or number), or an image. */
export function origin(name: string, { stages, index, platform, contexts }: Place, byNumber = true): Origin {
  const context = contextFor(name, platform, contexts);
  if (context !== undefined) return { kind: "context", name: context };
  const named = stages.before(name, index);
  if (named !== undefined) return { kind: "stage", index: named };
  if (byNumber && /^\d+$/.test(name) && Number(name) < index) return { kind: "stage", index: Number(name) };
  if (name === "scratch") return { kind: "scratch" };
  return { kind: "image", ref: name };
}

/** A context may be named for one platform: `base::linux/arm64`. */
function contextFor(name: string, platform: Platform, contexts: ReadonlySet<string>): string | undefined {
  if (contexts.size === 0) return undefined;
  const own = `::${formatPlatform(platform)}`;
  const lower = name.toLowerCase();
  return [`${name}${own}`, `${lower}${own}`, name, lower].find((each) => contexts.has(each));
}

function originsIn(planned: PlannedStage, names: StageNames, contexts: ReadonlySet<string>): Origin[] {
  const { stage: self, platform } = planned;
  const place: Place = { stages: names, index: self.index, platform, contexts };
  const found: Origin[] = [];
  for (const instruction of planned.stage.instructions) {
    if (instruction.kind === "COPY" && instruction.from !== undefined) {
      if (/[$'"\\]/.test(instruction.from))
        throw new DockerfileError(
          "variable expansion is not supported for --from, define a new stage with FROM using ARG from global " +
            "scope as a workaround",
          instruction.range,
          { near: instruction.from },
        );
      if (self.name && instruction.from.toLowerCase() === self.name)
        throw new DockerfileError(`circular dependency detected on stage: ${self.name}`, instruction.range);
      if (names.has(instruction.from) && names.before(instruction.from, self.index) === undefined) {
        throw new DockerfileError(
          `cannot copy from stage "${instruction.from}", it needs to be defined before current stage ` +
            `"${self.name ?? self.index}"`,
          instruction.range,
          { near: instruction.from },
        );
      }
      found.push(origin(instruction.from, place));
    }
    if (instruction.kind === "RUN") {
      for (const from of instruction.mountsFrom) if (from) found.push(origin(from, place));
    }
  }
  return found;
}

function findTarget(dockerfile: Dockerfile, target: string): number {
  if (target === "") return dockerfile.stages.length - 1;
  const named = dockerfile.stages.findLast((stage) => stage.name === target.toLowerCase());
  if (named) return named.index;
  if (/^\d+$/.test(target) && Number(target) < dockerfile.stages.length) return Number(target);
  const names = dockerfile.stages.flatMap(({ name }) => name ?? []);
  throw invalid(`target stage ${quote(target)} could not be found${didYouMean(target, names)}`);
}

/** The stages and what each needs, as `build --graph` prints it. */
export function drawPlan(plan: Plan): string {
  return plan.stages
    .map((each, index) => {
      const base =
        each.base.kind === "stage"
          ? `stage ${each.base.index}`
          : each.base.kind === "image"
            ? each.base.ref
            : each.base.kind === "context"
              ? `context ${each.base.name}`
              : "scratch";
      const others = each.needs.filter((need) => !(each.base.kind === "stage" && each.base.index === need));
      const marks = [index === plan.target ? "target" : "", plan.reachable.includes(index) ? "" : "not needed"].filter(
        Boolean,
      );
      const from = [base, ...others.map((need) => plan.stages[need]?.stage.name ?? `stage ${need}`)].join(", ");
      const name = each.stage.name ? ` ${each.stage.name}` : "";
      const marked = marks.length ? `  [${marks.join(", ")}]` : "";
      return `${index}${name} (${formatPlatform(each.platform)}) <- ${from}${marked}`;
    })
    .join("\n");
}
