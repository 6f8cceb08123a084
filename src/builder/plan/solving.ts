import type { Lease } from "../../image/collect/lease.ts";
import type { ImageRecord } from "../../image/record.ts";
import type { Breath } from "../../lib/breath.ts";
import type { UsedStep } from "../cache/export.ts";
import type { ImportedCaches } from "../cache/imported.ts";
import type { BuilderDeps } from "../deps.ts";
import type { Dockerfile } from "../dockerfile/instructions.ts";
import type { Range } from "../dockerfile/source.ts";
import type { BuildEvents } from "../events.ts";
import type { BuildRequest } from "../request.ts";
import type { StageResult } from "../result.ts";
import type { ContextFiles } from "../source/context-files.ts";
import type { SourceTree } from "../source/tree.ts";
import type { Origin, Plan, PlannedStage } from "./plan.ts";

/** Finds or brings an image. `tell`: progress. Throws not-found. */
export type ImageSource = (
  ref: string,
  platform: StageResult["platform"],
  tell: (text: string) => void,
  signal: AbortSignal,
) => Promise<ImageRecord>;

/** Where in the Dockerfile something is named. */
export interface Place {
  range: Range;
  near: string;
}

/** One build for one platform while it runs: stages are solved when somebody needs them, each once. */
export interface Solve {
  deps: BuilderDeps;
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
  /** Shared by all stages: most instructions wait for nothing. */
  breath: Breath;
  /** The build context; the first to ask makes it come. */
  context(): Promise<ContextFiles>;
  /** The result of a stage; the first to ask makes it run. */
  stage(index: number): Promise<StageResult>;
  /** The root filesystem behind a name, as a chain of layers or a tree of files. */
  open(
    origin: Origin,
    planned: PlannedStage,
    tell: (text: string) => void,
    place?: Place,
  ): Promise<{ result: StageResult } | { tree: SourceTree }>;
}
