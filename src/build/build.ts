import { EngineError, errorMessage, invalid } from "../lib/errors.ts";
import { Lease } from "../image/lease.ts";
import type { RemoteContext } from "../image/remote/remote-context.ts";
import { resolveImage } from "../image/resolve.ts";
import { imageSource } from "./base-image.ts";
import { checkCacheTarget, type UsedStep } from "./cache/export.ts";
import { importCache } from "./cache/import.ts";
import { CacheLost, ImportedCaches, type CacheSource } from "./cache/imported.ts";
import { writeCaches } from "./cache/write-caches.ts";
import type { BuildContext } from "./context.ts";
import { checkSettings, notSkipped } from "./dockerfile/check-directive.ts";
import type { Dockerfile } from "./dockerfile/instructions.ts";
import { lint, type Finding } from "./dockerfile/lint.ts";
import { parseDockerfile } from "./dockerfile/parse.ts";
import { DockerfileError, explain } from "./dockerfile/source.ts";
import { BuildEvents } from "./events.ts";
import { plan as planStages, type Plan, type PlannedStage } from "./plan.ts";
import { formatPlatform, hostPlatform } from "../oci/platform.ts";
import { exportImages, type BuildOutcome } from "./export.ts";
import { collectCache } from "./prune.ts";
import type { BuildRequest } from "./request.ts";
import { RunFailed } from "./stage.ts";
import { squash } from "./squash.ts";
import { predefinedArgs } from "./variables.ts";
import { solve, type SolveOptions } from "./solve.ts";
import type { StageResult } from "./result.ts";

export interface Build {
  /** To be read to its end, or left: a reader that goes away stops the build by `cancel`. */
  events: BuildEvents;
  /** The image or images, and digests of caches that wait to be fetched ({@link cacheLayout}). Rejects with a message that shows the place in the Dockerfile where there is one. */
  result: Promise<BuildOutcome & { caches: string[] }>;
  cancel(): void;
  /** Aborted when the build is cancelled. */
  signal: AbortSignal;
}

/** Reads the Dockerfile and finds what is to be done. Throws `invalid`, showing the place. */
export function prepareBuild(request: BuildRequest): { dockerfile: Dockerfile; plans: Plan[] } {
  return shown(request, () => {
    const dockerfile = parseDockerfile(request.dockerfile);
    const platforms = request.platforms.length > 0 ? request.platforms : [hostPlatform()];
    const contexts = new Set(request.contexts.keys());
    return { dockerfile, plans: platforms.map((platform) => planStages(dockerfile, { target: request.target, buildArgs: request.buildArgs, platform, contexts })) };
  });
}

/** The frontend whose language this builder reads itself. */
const ownFrontend = /^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]|$)/;

/** What the checks find in a Dockerfile, without what it has them pass over. `error`: findings end a build. Throws `invalid`, showing the place. */
export function checkBuild(ctx: BuildContext, request: BuildRequest, { dockerfile, plans }: { dockerfile: Dockerfile; plans: Plan[] }): { findings: Finding[]; error: boolean } {
  return shown(request, () => {
    const settings = checkSettings(dockerfile, request.buildArgs["BUILDKIT_DOCKERFILE_CHECK"]);
    const findings = lint(dockerfile, { buildArgs: request.buildArgs, environment: (stage) => environmentOf(ctx, plans[0]?.stages[stage]), ...(request.ignore && { ignore: request.ignore }) });
    return { findings: notSkipped(findings, settings), error: settings.error };
  });
}

/** The names in the environment of a stage's base image, where it is here. */
function environmentOf(ctx: BuildContext, stage: PlannedStage | undefined): string[] | undefined {
  if (stage?.base.kind === "scratch") return [];
  if (stage?.base.kind !== "image") return undefined;
  try {
    return (resolveImage(ctx.images, stage.base.ref, { platform: stage.platform }).config.config?.Env ?? []).map((entry) => entry.replace(/=.*/s, ""));
  } catch {
    return undefined;
  }
}

/** Builds the images of the request's target, one for each platform, and gives them their names. */
export function startBuild(ctx: BuildContext, remote: RemoteContext, request: BuildRequest): Build {
  const { dockerfile, plans } = prepareBuild(request);
  const { findings, error } = checkBuild(ctx, request, { dockerfile, plans });
  if (error && findings.length > 0) throw invalid(`lint violation found for rules: ${[...new Set(findings.map(({ rule }) => rule))].join(", ")}`);
  request.cacheTo.forEach(checkCacheTarget);
  const events = new BuildEvents();
  const abort = new AbortController();
  const { signal } = abort;
  const startedAt = new Date();
  const materials = new Map<string, string>();
  const consumed = new Set(dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name)));
  for (const { rule, message, range } of findings) events.emit({ kind: "warning", rule, message, line: range.start });
  const frontend = dockerfile.directives.get("syntax");
  if (frontend && !ownFrontend.test(frontend.value)) events.emit({ kind: "warning", rule: "Syntax", message: `the frontend ${frontend.value} is not run: the file is read as a Dockerfile`, line: frontend.line });
  const result = (async () => {
    try {
      await using lease = new Lease(ctx.images);
      const work = { ctx, request, dockerfile, plans, events, images: imageSource(ctx, remote, request), lease, signal };
      const { results, imported, used } = await solveWithCaches({ ...work, materials, consumed }, await openCaches(ctx, remote, request, events, lease, signal));
      const unused = Object.keys(request.buildArgs).filter((name) => !consumed.has(name) && !alwaysConsumed(name));
      if (unused.length > 0) warn(events, "UnusedBuildArgs", `One or more build-args [${unused.sort().join(" ")}] were not consumed`);
      const stages = request.squash ? await Promise.all(results.map((stage) => squash(ctx, stage, lease))) : results;
      const outcome = await exportImages(ctx, request, stages, used.values(), { materials, startedAt }, lease, signal);
      const caches = await writeCaches(ctx, remote, events, { steps: used.values(), results, imported, request, signal });
      ctx.log.debug("built an image", { id: outcome.id, platforms: outcome.images.map((image) => formatPlatform(image.platform)).join(",") });
      return { ...outcome, caches };
    } catch (error) {
      throw placed(request, error);
    } finally {
      events.end();
      void collectCache(ctx).catch((error: unknown) => ctx.log.warn("the build cache could not be collected", { error: String(error) }));
    }
  })();
  return { events, result, cancel: () => abort.abort(new EngineError("cancelled", "context canceled")), signal: abort.signal };
}

/** What a cache promises may turn out not to be there: then it is done without what leads to it, at last without any. */
async function solveWithCaches(work: Omit<SolveOptions, "attempt" | "imported" | "used">, sources: CacheSource[]): Promise<{ results: StageResult[]; imported: ImportedCaches; used: Map<string, UsedStep> }> {
  for (const [attempt, { from, whole }] of [{ from: sources, whole: false }, { from: sources, whole: true }, { from: [], whole: true }].entries()) {
    const imported = new ImportedCaches(work.ctx, work.lease, from, whole);
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

async function openCaches(ctx: BuildContext, remote: RemoteContext, request: BuildRequest, events: BuildEvents, lease: Lease, signal: AbortSignal): Promise<CacheSource[]> {
  const opened = (request.noCache ? [] : request.cacheFrom).map(async (spec) => {
    try {
      return await importCache(ctx, remote, spec, request, lease, signal);
    } catch (error) {
      signal.throwIfAborted();
      warn(events, "CacheFrom", `cannot take the cache of ${spec.attributes.get("ref") ?? spec.attributes.get("src") ?? spec.type}: ${errorMessage(error)}`);
      return [];
    }
  });
  return (await Promise.all(opened)).flat();
}

/** Arguments that the builder itself takes. */
function alwaysConsumed(name: string): boolean {
  return predefinedArgs.has(name) || name.startsWith("BUILDKIT_") || name === "SOURCE_DATE_EPOCH" || /^(BUILD|TARGET)(PLATFORM|OS|ARCH|VARIANT|STAGE)$/.test(name);
}

function warn(events: BuildEvents, rule: string, message: string): void {
  events.emit({ kind: "warning", rule, message, line: 0 });
}

function placed(request: BuildRequest, error: unknown): unknown {
  if (error instanceof RunFailed) {
    const { command, exitCode, range, message } = error;
    return new RunFailed(command, exitCode, range, explain(new DockerfileError(message, range), request.dockerfileName, request.dockerfile));
  }
  if (!(error instanceof DockerfileError)) return error;
  return new EngineError("invalid", explain(error, request.dockerfileName, request.dockerfile), { cause: error });
}

function shown<T>(request: BuildRequest, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw placed(request, error);
  }
}
