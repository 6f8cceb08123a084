import type { SolveRequest } from "../../api/buildkit/control.ts";
import type { StageResult } from "../../builder/result.ts";
import type { BuildSession } from "../../builder/session/session.ts";
import type { FailedCommands } from "../../builder/steps/failed-commands.ts";
import { Arrivals } from "../../lib/arrivals.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { Containers } from "./containers/containers.ts";
import type { DefinitionWork } from "./definition-work.ts";
import { Progress } from "./progress.ts";
import type { HeldResult } from "./results.ts";

/** Response of exporters: keys as BuildKit has them. */
export type ExporterResponse = Map<string, string>;

/** A build whose steps are done, waiting to be told what to make of it. */
export interface SolvedBuild {
  /** Ids of its results, one for each platform. */
  refs: readonly string[];
  /** What was said of them. */
  metadata: ReadonlyMap<string, Uint8Array>;
  /** Makes what the client asked for; to be called once. */
  export(): Promise<ExporterResponse>;
  /** Nothing is made of it. */
  drop(): void;
}

/** What a client's side of a build came to: results, by platform where there are several, and words on them. */
export type Returned =
  | {
      refs: readonly { id: string; platform: string | undefined }[];
      metadata: ReadonlyMap<string, Uint8Array>;
    }
  | { error: GrpcError };

/** What came of a client with its request, where that is not all done over its session. */
export interface GivenClient {
  /** In place of a session that it does not have. */
  session?: BuildSession;
  /** The context. */
  context?: AsyncIterable<Uint8Array>;
}

/** How long a build that has ended can still be asked for its progress, in ms. */
const lingerMs = 10_000;

/** Results that are known by their ids when their builds have ended: debuggers come back to them. */
const mostEnded = 200;

/** One `Control/Solve`, and what belongs to it: what frontends solve for it, and what is told of it. */
export class Job {
  readonly progress: Progress;
  readonly undo = new AsyncDisposableStack();
  readonly builds: SolvedBuild[] = [];
  /** Ids of all its results. */
  readonly refs: string[] = [];
  /** What its definitions share, once there is one. */
  definitions: Promise<DefinitionWork> | undefined;
  /** Those of its client as a frontend. */
  readonly containers = new Containers();
  /** Once there is one that could fail. */
  failures: FailedCommands | undefined;
  readonly returned = Promise.withResolvers<Returned>();
  /** Nothing of it is left to do. */
  readonly ended = Promise.withResolvers<void>();
  readonly startedAt = new Date();
  /** How its results came to be, for those who ask later. */
  provenances: { platform: string; predicate: unknown }[] = [];
  readonly #abort = new AbortController();

  constructor(
    readonly request: SolveRequest,
    readonly given: GivenClient,
  ) {
    this.progress = new Progress(request.ref);
    this.returned.promise.catch(() => {});
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends it; `reason` is what its client is told. */
  cancel(reason: unknown = new GrpcError(Code.cancelled, "context canceled")): void {
    this.#abort.abort(reason);
    this.returned.reject(reason);
  }

  /** It has ended: what it worked with need not wait until nobody asks for its progress any more. */
  forget(): void {
    this.builds.splice(0);
    this.definitions = undefined;
    this.provenances = [];
  }
}

/** The builds that clients have begun, by the names that they gave them. */
export class Jobs {
  readonly #jobs = new Arrivals<Job>();
  /** Results that other builds can take, by id. */
  readonly results = new Map<string, HeldResult>();
  /** Those of builds that ended last. Nothing holds their layers. */
  readonly #ended = new Map<string, StageResult>();

  /** Throws where there is one of that name. */
  begin(request: SolveRequest, given: GivenClient): Job {
    if (request.ref === "") throw new GrpcError(Code.invalidArgument, "a build needs a ref");
    if (this.#jobs.has(request.ref)) throw new GrpcError(Code.alreadyExists, `job ID ${request.ref} exists`);
    const job = new Job(request, given);
    this.#jobs.add(request.ref, job);
    return job;
  }

  has(ref: string): boolean {
    return this.#jobs.has(ref);
  }

  /** Ends the build of that name, where there is one. */
  cancel(ref: string): void {
    this.#jobs.get(ref)?.cancel();
  }

  /** Its name is free again after a while. */
  end(job: Job): void {
    job.ended.resolve();
    for (const ref of job.refs) {
      const stage = this.results.get(ref)?.stage;
      if (stage) this.#ended.set(ref, stage);
      this.results.delete(ref);
    }
    for (const ref of [...this.#ended.keys()].slice(0, -mostEnded)) this.#ended.delete(ref);
    job.forget();
    setTimeout(() => this.#jobs.delete(job.request.ref), lingerMs).unref();
  }

  /** A result of a build that has ended: its layers may be gone. */
  lately(ref: string): StageResult | undefined {
    return this.#ended.get(ref);
  }

  /** The build of that name, for which the caller may have come first. */
  async find(ref: string, signal: AbortSignal, ms: number): Promise<Job> {
    const found = await this.#jobs.find(ref, signal, ms);
    if (found) return found;
    // Who stopped waiting is told that, whichever side says it first.
    signal.throwIfAborted();
    throw new GrpcError(Code.notFound, `no such job ${ref}`);
  }
}
