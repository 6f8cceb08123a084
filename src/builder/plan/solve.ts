import type { ImageRecord } from "../../image/record.ts";
import { Breath } from "../../lib/breath.ts";
import { errorMessage, notFound } from "../../lib/errors.ts";
import { quote } from "../../lib/go-quote.ts";
import { formatPlatform, platformScore } from "../../oci/platform.ts";
import { fullString, parseReference, withDefaultTag } from "../../oci/reference.ts";
import { imageUri, layoutUri } from "../attest/provenance.ts";
import { didYouMean } from "../dockerfile/distance.ts";
import { DockerfileError, type Range } from "../dockerfile/source.ts";
import { emptyResult, type StageResult } from "../result.ts";
import { solveStage } from "../steps/stage.ts";
import type { Plan, PlannedStage } from "./plan.ts";
import type { Place, Solve } from "./solving.ts";
import { stepsOf } from "./stage-steps.ts";
import { noVariables } from "./variables.ts";

/** What it takes to carry out plans. */
export interface SolveOptions
  extends Pick<
    Solve,
    | "deps"
    | "request"
    | "context"
    | "dockerfile"
    | "events"
    | "lease"
    | "images"
    | "imported"
    | "used"
    | "materials"
    | "consumed"
    | "signal"
  > {
  /** One for each platform. */
  plans: readonly Plan[];
  /** Begins the ids of steps. */
  attempt: string;
}

/**
 * Solves the plans' targets. Stages that they need run side by side, those that are the same for several platforms
 * once; the first failure stops all of them.
 */
export async function solve({ plans, attempt, ...options }: SolveOptions): Promise<StageResult[]> {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const running = new Map<string, Promise<StageResult>>();
  const shared = {
    ...options,
    signal,
    toldFailures: new WeakSet<Error>(),
    several: plans.length > 1,
    breath: new Breath(),
  };
  const builds = plans.map((plan, number) =>
    solveFor({ ...shared, plan, prefix: `${attempt}${plans.length > 1 ? `${number}.` : ""}` }, running, failure),
  );
  try {
    await announce(builds);
    // From the first to the last: what a stage needs is under way when it begins, however long the row of them. A stage
    // of several platforms is that of the first.
    for (const build of builds) {
      for (const index of build.plan.reachable) {
        build.stage(index).catch(() => {});
        if (build.breath.due) await build.breath.take(signal);
      }
    }
    return await Promise.all(builds.map((build) => build.stage(build.plan.target)));
  } finally {
    // Nothing may go on behind the back of a build that has ended.
    failure.abort(new Error("the build has ended"));
    await Promise.allSettled(running.values());
  }
}

/** All steps that there will be, in the order of the file: whoever shows a build knows how many they are. */
async function announce(builds: readonly Solve[]): Promise<void> {
  const told = new Set<string>();
  for (const build of builds) {
    for (const index of build.plan.reachable) {
      const planned = build.plan.stages[index];
      if (!planned || told.has(planned.identity)) continue;
      told.add(planned.identity);
      for (const step of stepsOf(build, planned)) build.events.emit({ kind: "step", step });
      if (build.breath.due) await build.breath.take(build.signal);
    }
  }
}

/** `running`: by stages' identities, over all platforms. */
function solveFor(
  options: Omit<Solve, "stage" | "open">,
  running: Map<string, Promise<StageResult>>,
  failure: AbortController,
): Solve {
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
        case "scratch":
          return { result: emptyResult(planned.platform) };
        case "stage":
          return { result: await build.stage(origin.index) };
        case "context": {
          const context = options.request.contexts.get(origin.name);
          if (!context) throw notFound(`no build context named ${origin.name}`);
          if ("image" in context) return { result: await fromImage(build, context.image, planned, tell, place) };
          if ("layout" in context) return { result: fromLayout(build, origin.name, context.images, planned) };
          if ("result" in context) return { result: heldBy(build, context.result) };
          return { tree: "open" in context ? await context.open() : context.tree };
        }
        case "image":
          return { result: await fromImage(build, origin.ref, planned, tell, place) };
      }
    },
  };
  return build;
}

/** What BuildKit takes a misspelt base image for. */
const commonBases = ["alpine", "busybox", "centos", "debian", "fedora", "golang", "ubuntu"];

function fullName(ref: string, range: Range, near: string): string {
  try {
    return fullString(withDefaultTag(parseReference(ref)));
  } catch (cause) {
    throw new DockerfileError(`failed to parse stage name ${quote(ref)}: ${errorMessage(cause)}`, range, {
      cause,
      near,
    });
  }
}

async function fromImage(
  build: Solve,
  ref: string,
  planned: PlannedStage,
  tell: (text: string) => void,
  { range, near }: Place,
): Promise<StageResult> {
  const full = fullName(ref, range, near);
  let image: ImageRecord;
  try {
    image = await build.images(ref, planned.platform, tell, build.signal);
  } catch (error) {
    if (build.signal.aborted) throw error;
    const stages = build.dockerfile.stages.flatMap(({ name }) => name ?? []);
    const meant = didYouMean(ref, [...stages, ...commonBases, ...commonBases.map((name) => `${name}:latest`)]);
    throw new DockerfileError(
      `${ref}: failed to resolve source metadata for ${full}: ${errorMessage(error)}${meant}`,
      range,
      { cause: error, near },
    );
  }
  build.materials.set(imageUri(ref, image.platform), image.manifestDigest ?? image.id);
  return heldBy(build, { ...resultOf(image), imageId: image.id });
}

/** An image of a layout: the one that suits the platform best. */
function fromLayout(
  build: Solve,
  name: string,
  images: readonly ImageRecord[],
  { platform }: PlannedStage,
): StageResult {
  const suits = (image: ImageRecord) => platformScore(platform, image.platform);
  const [image] = images.toSorted((a, b) => suits(b) - suits(a));
  if (!image) throw notFound(`no match for platform in manifest: ${formatPlatform(platform)}`);
  const digest = image.manifestDigest ?? image.id;
  build.materials.set(layoutUri(name, digest, image.platform), digest);
  return heldBy(build, resultOf(image));
}

function resultOf(image: ImageRecord): StageResult {
  return {
    chain: image.chainIds,
    diffIds: image.diffIds,
    config: structuredClone(image.config.config ?? {}),
    history: structuredClone(image.config.history ?? []),
    author: image.config.author ?? "",
    created: image.created,
    platform: image.platform,
    variables: noVariables,
    baseLayers: image.chainIds.length,
    imageId: "",
  };
}

/** The image may lose its name, the other build may end, while this one stands upon it. */
function heldBy(build: Solve, result: StageResult): StageResult {
  for (const chainId of result.chain) build.lease.add("layer", chainId);
  return result;
}
