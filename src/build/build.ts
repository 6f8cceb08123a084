import { EngineError, errorMessage } from "../lib/errors.ts";
import { Lease } from "../image/lease.ts";
import type { BuildContext } from "./context.ts";
import type { Dockerfile } from "./dockerfile/instructions.ts";
import { parseDockerfile } from "./dockerfile/parse.ts";
import { DockerfileError, explain } from "./dockerfile/source.ts";
import { BuildEvents } from "./events.ts";
import { plan as planStages, type Plan } from "./plan.ts";
import { formatPlatform, hostPlatform } from "../oci/platform.ts";
import { exportImages, type BuildOutcome } from "./export.ts";
import { importInlineCache } from "./inline-cache.ts";
import { collectCache } from "./prune.ts";
import type { BuildRequest } from "./request.ts";
import { squash } from "./squash.ts";
import { solve, type ImageSource } from "./solve.ts";

export interface Build {
  /** To be read to its end, or left: a reader that goes away stops the build by `cancel`. */
  events: BuildEvents;
  /** The image or images. Rejects with a message that shows the place in the Dockerfile where there is one. */
  result: Promise<BuildOutcome>;
  cancel(): void;
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

/** Builds the images of the request's target, one for each platform, and gives them their names. */
export function startBuild(ctx: BuildContext, request: BuildRequest, images: ImageSource): Build {
  const { dockerfile, plans } = prepareBuild(request);
  const events = new BuildEvents();
  const abort = new AbortController();
  for (const { rule, message, range } of dockerfile.warnings) events.emit({ kind: "warning", rule, message, line: range.start });
  const result = (async () => {
    try {
      await using lease = new Lease(ctx.images);
      await takeCaches(ctx, request, images, events, abort.signal);
      const solved = await solve({ ctx, request, dockerfile, plans, events, images, lease, signal: abort.signal });
      const stages = request.squash ? await Promise.all(solved.map((stage) => squash(ctx, stage, lease))) : solved;
      const outcome = await exportImages(ctx, request, stages, lease, abort.signal);
      ctx.log.debug("built an image", { id: outcome.id, platforms: outcome.images.map((image) => formatPlatform(image.platform)).join(",") });
      return outcome;
    } catch (error) {
      throw placed(request, error);
    } finally {
      events.end();
      void collectCache(ctx).catch((error: unknown) => ctx.log.warn("the build cache could not be collected", { error: String(error) }));
    }
  })();
  return { events, result, cancel: () => abort.abort(new EngineError("cancelled", "context canceled")) };
}

async function takeCaches(ctx: BuildContext, request: BuildRequest, images: ImageSource, events: BuildEvents, signal: AbortSignal): Promise<void> {
  for (const ref of request.noCache ? [] : request.cacheFrom) {
    try {
      await importInlineCache(ctx, await images(ref, request.platforms[0] ?? hostPlatform(), () => {}, signal));
    } catch (error) {
      events.emit({ kind: "warning", rule: "CacheFrom", message: `cannot take the cache of ${ref}: ${errorMessage(error)}`, line: 0 });
    }
  }
}

function placed(request: BuildRequest, error: unknown): unknown {
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
