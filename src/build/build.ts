import { EngineError, errorMessage } from "../lib/errors.ts";
import { createImage } from "../image/create.ts";
import { Lease } from "../image/lease.ts";
import { epochTime } from "./clamp-times.ts";
import type { BuildContext } from "./context.ts";
import type { Dockerfile } from "./dockerfile/instructions.ts";
import { parseDockerfile } from "./dockerfile/parse.ts";
import { DockerfileError, explain } from "./dockerfile/source.ts";
import { BuildEvents } from "./events.ts";
import { plan as planStages, type Plan } from "./plan.ts";
import { formatPlatform, hostPlatform } from "../oci/platform.ts";
import { importInlineCache, inlineCache, inlineCacheField } from "./inline-cache.ts";
import { collectCache } from "./prune.ts";
import type { BuildRequest } from "./request.ts";
import type { StageResult } from "./result.ts";
import { squash } from "./squash.ts";
import { solve, type ImageSource } from "./solve.ts";

export interface Build {
  /** To be read to its end, or left: a reader that goes away stops the build by `cancel`. */
  events: BuildEvents;
  /** Id of the image. Rejects with a message that shows the place in the Dockerfile where there is one. */
  result: Promise<BuildOutcome>;
  cancel(): void;
  /** Aborted when the build is cancelled. */
  signal: AbortSignal;
}

export interface BuildOutcome {
  imageId: string;
  stage: StageResult;
}

/** Reads the Dockerfile and finds what is to be done. Throws `invalid`, showing the place. */
export function prepareBuild(request: BuildRequest): { dockerfile: Dockerfile; plan: Plan } {
  return shown(request, () => {
    const dockerfile = parseDockerfile(request.dockerfile);
    return { dockerfile, plan: planStages(dockerfile, { target: request.target, buildArgs: request.buildArgs, platform: request.platform, contexts: new Set(request.contexts.keys()) }) };
  });
}

/** Builds the image of the request's target and gives it its names. */
export function startBuild(ctx: BuildContext, request: BuildRequest, images: ImageSource): Build {
  const { dockerfile, plan } = prepareBuild(request);
  const events = new BuildEvents();
  const abort = new AbortController();
  for (const { rule, message, range } of dockerfile.warnings) events.emit({ kind: "warning", rule, message, line: range.start });
  const result = (async () => {
    try {
      await using lease = new Lease(ctx.images);
      await takeCaches(ctx, request, images, events, abort.signal);
      const solved = await solve({ ctx, request, dockerfile, plan, events, images, lease, signal: abort.signal });
      const stage = request.squash ? await squash(ctx, solved, lease) : solved;
      return { imageId: await exportImage(ctx, request, stage, lease), stage };
    } catch (error) {
      throw placed(request, error);
    } finally {
      events.end();
      void collectCache(ctx).catch((error: unknown) => ctx.log.warn("the build cache could not be collected", { error: String(error) }));
    }
  })();
  return { events, result, cancel: () => abort.abort(new EngineError("cancelled", "context canceled")), signal: abort.signal };
}

async function takeCaches(ctx: BuildContext, request: BuildRequest, images: ImageSource, events: BuildEvents, signal: AbortSignal): Promise<void> {
  for (const ref of request.noCache ? [] : request.cacheFrom) {
    try {
      await importInlineCache(ctx, await images(ref, request.platform ?? hostPlatform(), () => {}, signal));
    } catch (error) {
      events.emit({ kind: "warning", rule: "CacheFrom", message: `cannot take the cache of ${ref}: ${errorMessage(error)}`, line: 0 });
    }
  }
}

/** The stage as an image in the store, with its names. */
async function exportImage(ctx: BuildContext, request: BuildRequest, stage: StageResult, lease: Lease): Promise<string> {
  const labels = { ...stage.config.Labels, ...request.labels };
  const created = request.sourceDateEpoch === undefined ? stage.created : epochTime(request.sourceDateEpoch);
  const image = await createImage(ctx.images, {
    chain: stage.chain,
    config: {
      ...(created && { created }), ...(stage.author && { author: stage.author }),
      architecture: stage.platform.architecture, os: stage.platform.os, ...(stage.platform.variant && { variant: stage.platform.variant }),
      config: { ...stage.config, ...(Object.keys(labels).length > 0 && { Labels: labels }) },
      rootfs: { type: "layers", diff_ids: stage.diffIds }, history: stage.history,
      ...(request.inlineCache && { [inlineCacheField]: inlineCache(ctx, stage) }),
    },
    tags: request.tags,
    lease,
  });
  ctx.log.debug("built an image", { id: image.id, platform: formatPlatform(stage.platform) });
  return image.id;
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
