import { Lease } from "../image/collect/lease.ts";
import type { RemoteDeps } from "../image/remote/deps.ts";
import { resolveImage } from "../image/resolve.ts";
import { inTurns } from "../lib/breath.ts";
import { EngineError, invalid } from "../lib/errors.ts";
import { once } from "../lib/once.ts";
import type { OciImageConfig, Platform } from "../oci/image.ts";
import { hostPlatform } from "../oci/platform.ts";
import { checkCacheTarget, type UsedStep } from "./cache/export.ts";
import { CacheLost, type CacheSource, ImportedCaches } from "./cache/imported.ts";
import { openCaches } from "./cache/open-caches.ts";
import { collectCache } from "./cache/prune.ts";
import type { BuilderDeps } from "./deps.ts";
import { checkSettings, notSkipped } from "./dockerfile/check-directive.ts";
import type { Finding } from "./dockerfile/findings.ts";
import type { Dockerfile } from "./dockerfile/instructions.ts";
import { lint } from "./dockerfile/lint.ts";
import type { StageBase } from "./dockerfile/lint-stage.ts";
import { parseDockerfile } from "./dockerfile/parse.ts";
import { DockerfileError, explain } from "./dockerfile/source.ts";
import { isOwnFrontend } from "./dockerfile/syntax.ts";
import { BuildEvents } from "./events.ts";
import { type BaseConfigs, wrongPlatforms } from "./plan/base-configs.ts";
import { imageSource } from "./plan/base-image.ts";
import { type Outline, outlineOf } from "./plan/outline.ts";
import { type Plan, type PlannedStage, plan as planStages } from "./plan/plan.ts";
import { listOf, prefetch, takenOf } from "./plan/prefetch.ts";
import { type SolveOptions, solve } from "./plan/solve.ts";
import { oneLine } from "./plan/stage-steps.ts";
import { predefinedArgs } from "./plan/variables.ts";
import type { BuildRequest } from "./request.ts";
import type { StageResult } from "./result.ts";
import type { BuildSession } from "./session/session.ts";
import type { Solved } from "./solved.ts";
import { RunFailed } from "./steps/run-failed.ts";

/** A build under way. */
export interface Build<T> {
  /** To be read to its end, or left: the build is cancelled when the last reader that owns it goes away. */
  events: BuildEvents;
  /** What was made of it. Rejects with a message that shows the place in the Dockerfile where there is one. */
  result: Promise<T>;
  cancel(): void;
  /** The instructions before the first stage, a line each. */
  globalArgs: string[];
  session: BuildSession;
}

/** Reads the Dockerfile and finds what is to be done. Throws `invalid`, showing the place. */
export async function prepareBuild(
  request: BuildRequest,
  signal: AbortSignal,
): Promise<{ dockerfile: Dockerfile; plans: Plan[] }> {
  return shown(request, async () => {
    const dockerfile = await inTurns(parseDockerfile(request.dockerfile), signal);
    const platforms = request.platforms.length > 0 ? request.platforms : [hostPlatform()];
    const contexts = new Set(request.contexts.keys());
    const plans: Plan[] = [];
    for (const platform of platforms)
      plans.push(
        await inTurns(
          planStages(dockerfile, { target: request.target, buildArgs: request.buildArgs, platform, contexts }),
          signal,
        ),
      );
    return { dockerfile, plans };
  });
}

/**
 * What the checks find in a Dockerfile, without what it has them pass over. `bases`: what is known of base images that
 * may not be here; `error`: findings end a build. Throws `invalid`, showing the place.
 */
export async function checkBuild(
  deps: BuilderDeps,
  request: BuildRequest,
  { dockerfile, plans }: { dockerfile: Dockerfile; plans: Plan[] },
  signal: AbortSignal,
  bases: BaseConfigs = new Map(),
): Promise<{ findings: Finding[]; error: boolean }> {
  return shown(request, async () => {
    const settings = checkSettings(dockerfile, request.buildArgs);
    const ignore = await request.ignore();
    const findings = await inTurns(
      lint(dockerfile, {
        buildArgs: request.buildArgs,
        base: (stage) => baseOf(deps, plans[0]?.stages[stage], bases),
        ...(ignore && { ignore }),
      }),
      signal,
    );
    const all = [...findings, ...wrongPlatforms(bases)];
    return { findings: notSkipped(all, settings), error: settings.error };
  });
}

/** Whether a base may have instructions of its own (ONBUILD), which could take anything. */
function mayBringSteps(deps: BuilderDeps, { stages, reachable }: Plan): boolean {
  return reachable.some((index) => {
    const stage = stages[index];
    if (stage?.base.kind === "context") return true;
    if (stage?.base.kind !== "image") return false;
    const config = localBase(deps, stage.base.ref, stage.platform);
    return config === undefined || (config.OnBuild ?? []).length > 0;
  });
}

/** What an image says of itself, where it is here. */
function localBase(deps: BuilderDeps, ref: string, platform: Platform): OciImageConfig | undefined {
  try {
    return resolveImage(deps.images, ref, { platform }).config.config ?? {};
  } catch {
    return undefined;
  }
}

/** What the target of a build asks of who builds. Throws `invalid`, showing the place. */
export async function outlineBuild(
  deps: BuilderDeps,
  request: BuildRequest,
  { dockerfile, plans: [plan] }: { dockerfile: Dockerfile; plans: Plan[] },
  bases: BaseConfigs,
): Promise<Outline> {
  if (!plan) throw new Error("a build is for one platform at least");
  const { buildArgs } = request;
  return shown(request, async () =>
    outlineOf(plan, { dockerfile, buildArgs, base: (stage) => baseOf(deps, plan.stages[stage], bases) }),
  );
}

/** What the checks ask of a stage's base image, where it is here or known. */
function baseOf(
  deps: BuilderDeps,
  stage: PlannedStage | undefined,
  bases: BaseConfigs = new Map(),
): StageBase | undefined {
  if (stage?.base.kind === "scratch") return { env: [], shell: false };
  if (stage?.base.kind !== "image") return undefined;
  const config = bases.get(stage)?.config ?? localBase(deps, stage.base.ref, stage.platform);
  return config && { env: config.Env ?? [], shell: (config.Shell ?? []).length > 0 };
}

/**
 * Solves the request's target, once for each platform, and hands what that gave to `finish`, which makes something of
 * it ({@link exportBuild}): nothing of it is lost as long as that goes on. `left`: nobody waits for it to start;
 * `planned`: told what there will be.
 */
export async function startBuild<T>(
  deps: BuilderDeps,
  remote: RemoteDeps,
  request: BuildRequest,
  left: AbortSignal,
  finish: (solved: Solved) => Promise<T>,
  planned: (plans: readonly Plan[]) => void = () => {},
): Promise<Build<T>> {
  const { dockerfile, plans } = await prepareBuild(request, left);
  planned(plans);
  const { findings, error } = await checkBuild(deps, request, { dockerfile, plans }, left);
  if (error && findings.length > 0)
    throw invalid(`lint violation found for rules: ${[...new Set(findings.map(({ rule }) => rule))].join(", ")}`);
  request.cacheTo.forEach(checkCacheTarget);
  const abort = new AbortController();
  const cancel = () => abort.abort(new EngineError("cancelled", "context canceled"));
  const events = new BuildEvents(cancel);
  const { signal } = abort;
  signal.addEventListener("abort", () => request.session.end(signal.reason), { once: true });
  const startedAt = new Date();
  const materials = new Map<string, string>();
  const declared = [...dockerfile.globalArgs, ...dockerfile.stages.flatMap(({ instructions }) => instructions)];
  const consumed = new Set(declared.flatMap((each) => (each.kind === "ARG" ? each.args.map(({ name }) => name) : [])));
  for (const { rule, message, range } of findings) events.emit({ kind: "warning", rule, message, line: range.start });
  const frontend = dockerfile.directives.get("syntax");
  if (frontend && !isOwnFrontend(frontend.value))
    events.emit({
      kind: "warning",
      rule: "Syntax",
      message: `the frontend ${frontend.value} is not run: the file is read as a Dockerfile`,
      line: frontend.line,
    });
  const taken = takenOf(plans);
  const whole = plans.some((plan) => mayBringSteps(deps, plan));
  const context = once(() => request.context(whole || !taken ? undefined : listOf(taken)));
  if (taken)
    void context()
      .then((files) => prefetch(files, taken, signal))
      .catch(() => {});
  const result = (async () => {
    try {
      await using lease = new Lease(deps.images);
      const work = {
        deps,
        request,
        context,
        dockerfile,
        plans,
        events,
        images: imageSource(deps, remote, request),
        lease,
        signal,
      };
      const { results, imported, used } = await solveWithCaches(
        { ...work, materials, consumed },
        await openCaches(deps, remote, request, request.noCache ? [] : request.cacheFrom, { events, lease, signal }),
      );
      const unused = request.buildArgNames.filter((name) => !consumed.has(name) && !alwaysConsumed(name));
      if (unused.length > 0)
        warn(events, "UnusedBuildArgs", `One or more build-args [${unused.sort().join(" ")}] were not consumed`);
      return await finish({ request, results, used, imported, materials, startedAt, events, lease, signal });
    } catch (error) {
      throw placed(request, error);
    } finally {
      events.end();
      void collectCache(deps).catch((error: unknown) =>
        deps.log.warn("the build cache could not be collected", { error: String(error) }),
      );
    }
  })();
  return {
    events,
    result,
    cancel,
    session: request.session,
    globalArgs: dockerfile.globalArgs.map(({ text }) => oneLine(text)),
  };
}

/**
 * What a cache promises may turn out not to be there: then it is done without what leads to it, at last without any.
 */
async function solveWithCaches(
  work: Omit<SolveOptions, "attempt" | "imported" | "used">,
  sources: CacheSource[],
): Promise<{ results: StageResult[]; imported: ImportedCaches; used: Map<string, UsedStep> }> {
  for (const [attempt, { from, whole }] of [
    { from: sources, whole: false },
    { from: sources, whole: true },
    { from: [], whole: true },
  ].entries()) {
    const imported = new ImportedCaches(work.deps, work.lease, from, whole);
    const used = new Map<string, UsedStep>();
    try {
      const results = await solve({ ...work, imported, used, attempt: attempt === 0 ? "" : `again${attempt}.` });
      for (const result of results) await imported.materialize(result, work.signal);
      return { results, imported, used };
    } catch (error) {
      if (!(error instanceof CacheLost) || from.length === 0) throw error;
      if (error.cause !== undefined) warn(work.events, "CacheFrom", error.message);
    }
  }
  throw new Error("a build without caches ends in one way or the other");
}

/** Arguments that the builder itself takes. */
function alwaysConsumed(name: string): boolean {
  return (
    predefinedArgs.has(name) ||
    name.startsWith("BUILDKIT_") ||
    name === "SOURCE_DATE_EPOCH" ||
    /^(BUILD|TARGET)(PLATFORM|OS|ARCH|VARIANT|STAGE)$/.test(name)
  );
}

function warn(events: BuildEvents, rule: string, message: string): void {
  events.emit({ kind: "warning", rule, message, line: 0 });
}

function placed(request: BuildRequest, error: unknown): unknown {
  if (error instanceof RunFailed) {
    const { command, exitCode, range } = error;
    const place = explain(new DockerfileError("", range), request.dockerfileName, request.dockerfile);
    const told = new RunFailed(command, exitCode, range, place);
    told.failed = error.failed;
    return told;
  }
  if (!(error instanceof DockerfileError)) return error;
  return new EngineError("invalid", explain(error, request.dockerfileName, request.dockerfile), { cause: error });
}

/** Errors of a Dockerfile, and of its steps, with the lines of it that they are about. */
export async function shown<T>(request: BuildRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw placed(request, error);
  }
}
