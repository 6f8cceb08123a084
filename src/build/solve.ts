import { errorMessage, notFound } from "../lib/errors.ts";
import type { Lease } from "../image/lease.ts";
import type { ImageRecord } from "../image/record.ts";
import { imageUri } from "./attest/provenance.ts";
import type { UsedStep } from "./cache/export.ts";
import type { ImportedCaches } from "./cache/imported.ts";
import type { BuildContext } from "./context.ts";
import type { Dockerfile } from "./dockerfile/instructions.ts";
import { DockerfileError, type Range } from "./dockerfile/source.ts";
import type { BuildEvents } from "./events.ts";
import type { Origin, Plan, PlannedStage } from "./plan.ts";
import type { BuildRequest } from "./request.ts";
import { emptyResult, type StageResult } from "./result.ts";
import type { SourceTree } from "./source/tree.ts";
import { solveStage } from "./stage.ts";

/** Finds or brings an image. `tell`: progress. Throws not-found. */
export type ImageSource = (ref: string, platform: StageResult["platform"], tell: (text: string) => void, signal: AbortSignal) => Promise<ImageRecord>;

/** Where in the Dockerfile something is named. */
export interface Place {
  range: Range;
  near: string;
}

/** One build for one platform while it runs: stages are solved when somebody needs them, each once. */
export interface Solve {
  ctx: BuildContext;
  request: BuildRequest;
  dockerfile: Dockerfile;
  plan: Plan;
  /** One of several platforms: steps say which. */
  several: boolean;
  /** Begins the ids of steps, which are unique over all platforms. */
  prefix: string;
  events: BuildEvents;
  signal: AbortSignal;
  /** Failures that were shown at their step: where they come through again, they are only an echo. */
  toldFailures: WeakSet<Error>;
  /** Holds the layers of the build until the image does. */
  lease: Lease;
  images: ImageSource;
  imported: ImportedCaches;
  /** The steps that were done or found, by key. */
  used: Map<string, UsedStep>;
  /** What was taken from outside: URI and digest. */
  materials: Map<string, string>;
  /** Build arguments that an ARG has asked for. */
  consumed: Set<string>;
  /** The result of a stage; the first to ask makes it run. */
  stage(index: number): Promise<StageResult>;
  /** The root filesystem behind a name, as a chain of layers or a tree of files. */
  open(origin: Origin, planned: PlannedStage, tell: (text: string) => void, place?: Place): Promise<{ result: StageResult } | { tree: SourceTree }>;
}

export interface SolveOptions extends Pick<Solve, "ctx" | "request" | "dockerfile" | "events" | "lease" | "images" | "imported" | "used" | "materials" | "consumed" | "signal"> {
  /** One for each platform. */
  plans: readonly Plan[];
  /** Begins the ids of steps. */
  attempt: string;
}

/**
 * Solves the plans' targets. Stages that they need run side by side, those that are the same for several platforms once;
 * the first failure stops all of them.
 */
export async function solve({ plans, attempt, ...options }: SolveOptions): Promise<StageResult[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const running = new Map<string, Promise<StageResult>>();
  const shared = { ...options, signal, toldFailures: new WeakSet<Error>(), several: plans.length > 1 };
  try {
    return await Promise.all(plans.map((plan, number) => solveFor({ ...shared, plan, prefix: `${attempt}${plans.length > 1 ? `${number}.` : ""}` }, running, failure).stage(plan.target)));
  } finally {
    // Nothing may go on behind the back of a build that has ended.
    failure.abort(new Error("the build has ended"));
    await Promise.allSettled(running.values());
  }
}

/** `running`: by stages' identities, over all platforms. */
function solveFor(options: Omit<Solve, "stage" | "open">, running: Map<string, Promise<StageResult>>, failure: AbortController): Solve {
  const build: Solve = {
    ...options,
    stage(index) {
      const planned = options.plan.stages[index];
      if (!planned) return Promise.reject(new Error(`no stage ${index}`));
      let result = running.get(planned.identity);
      if (!result) {
        result = solveStage(build, planned);
        // The first failure stops the others, and is the one that is told.
        result.catch((error: unknown) => failure.abort(error));
        running.set(planned.identity, result);
      }
      return result;
    },
    async open(origin, planned, tell, place = { range: planned.stage.from.range, near: planned.stage.from.image }) {
      switch (origin.kind) {
        case "scratch": return { result: emptyResult(planned.platform) };
        case "stage": return { result: await build.stage(origin.index) };
        case "context": {
          const context = options.request.contexts.get(origin.name);
          if (!context) throw notFound(`no build context named ${origin.name}`);
          return "image" in context ? { result: await fromImage(build, context.image, planned, tell, place) } : { tree: context };
        }
        case "image": return { result: await fromImage(build, origin.ref, planned, tell, place) };
      }
    },
  };
  return build;
}

async function fromImage(build: Solve, ref: string, planned: PlannedStage, tell: (text: string) => void, { range, near }: Place): Promise<StageResult> {
  let image: ImageRecord;
  try {
    image = await build.images(ref, planned.platform, tell, build.signal);
  } catch (error) {
    if (build.signal.aborted) throw error;
    throw new DockerfileError(`${ref}: failed to resolve source metadata for ${ref}: ${errorMessage(error)}`, range, { cause: error, near });
  }
  build.materials.set(imageUri(ref, image.platform), image.manifestDigest ?? image.id);
  // The image may lose its name while the build stands upon it.
  for (const chainId of image.chainIds) build.lease.add("layer", chainId);
  return {
    chain: image.chainIds, diffIds: image.diffIds, config: structuredClone(image.config.config ?? {}), history: structuredClone(image.config.history ?? []),
    author: image.config.author ?? "", created: image.created, platform: image.platform, args: [], baseLayers: image.chainIds.length,
  };
}
