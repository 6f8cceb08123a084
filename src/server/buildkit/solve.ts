import type { SolveRequest } from "../../api/buildkit/control.ts";
import { asGrpcError } from "../../lib/grpc/status.ts";
import type { ServerDeps } from "../deps.ts";
import { exportsOf } from "./export/exporters.ts";
import { exportDefinitions } from "./export-definitions.ts";
import { askFrontend } from "./gateway.ts";
import type { ExporterResponse, GivenClient, Job, Returned } from "./jobs.ts";
import { type Outcome, recordBegin, recordEnd } from "./record-build.ts";
import { solveDefinition } from "./solve-definition.ts";

/**
 * `Control/Solve`: begins a build under the client's name for it, and goes on until that has given what was asked for.
 * Without a frontend the client itself is one: it asks for solutions over the gateway (gateway.ts) and says at the end
 * which of them are the result.
 */
export async function solve(deps: ServerDeps, request: SolveRequest, signal: AbortSignal): Promise<ExporterResponse> {
  return run(deps, begin(deps, request), signal);
}

/** Makes a build known under its client's name for it; to be {@link run}. Throws for what cannot be made of one. */
export function begin(deps: ServerDeps, request: SolveRequest, given: GivenClient = {}): Job {
  const job = deps.buildkit.jobs.begin(request, given);
  try {
    exportsOf(request);
  } catch (error) {
    // What the client asks about it meanwhile would otherwise wait for it.
    job.cancel(error);
    job.progress.end();
    deps.buildkit.jobs.end(job);
    throw error;
  }
  recordBegin(deps, job);
  return job;
}

/** How long somebody may take to ask what a build tells before its steps print whether or not it is heard, in ms. */
const listenerMs = 6_000;

/** Runs a build to its end; `signal`: its client does not wait any more. */
export async function run(deps: ServerDeps, job: Job, signal: AbortSignal): Promise<ExporterResponse> {
  const cancel = () => job.cancel();
  const unheard = setTimeout(() => job.progress.disown(), listenerMs);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  let outcome: Outcome | undefined;
  try {
    const response = await exportReturned(deps, job, await result(deps, job));
    outcome = { response };
    return response;
  } catch (error) {
    // What called the build off is what its client is to be told.
    const failure: unknown = job.signal.aborted ? job.signal.reason : error;
    outcome = { error: asGrpcError(failure) };
    throw failure;
  } finally {
    clearTimeout(unheard);
    signal.removeEventListener("abort", cancel);
    await job.undo.disposeAsync();
    job.progress.end();
    if (outcome) await recordEnd(deps, job, outcome);
    deps.buildkit.jobs.end(job);
  }
}

/** What the build came to: by its definition, by a frontend, or by what the client says as one. */
async function result(deps: ServerDeps, job: Job): Promise<Returned> {
  const { definition, frontend, frontendAttrs, frontendInputs, cache } = job.request;
  if (definition && frontend === "")
    return solveDefinition(deps, job, definition, { evaluate: false, cacheImports: cache?.imports ?? [] });
  if (frontend === "") return job.returned.promise;
  return askFrontend(deps, job, { frontend, options: frontendAttrs, inputs: frontendInputs });
}

async function exportReturned(deps: ServerDeps, job: Job, returned: Returned): Promise<ExporterResponse> {
  if ("error" in returned) throw returned.error;
  const { refs, metadata } = returned;
  const [first] = refs;
  const chosen = job.builds.find((build) => first !== undefined && build.refs.includes(first.id));
  const whole = chosen && saysTheSame(chosen.metadata, metadata) ? chosen : undefined;
  try {
    if (whole) return await whole.export();
    return first ? await exportDefinitions(deps, job, returned) : new Map();
  } finally {
    for (const build of job.builds) if (build !== whole) build.drop();
  }
}

/** Whether a frontend returned what another one gave it as it was: the images say what they would have said. */
function saysTheSame(given: Metadata, returned: Metadata): boolean {
  return [...given].every(([key, value]) => {
    const own = returned.get(key);
    return !key.startsWith("containerimage.config") || own === undefined || Buffer.compare(own, value) === 0;
  });
}

type Metadata = ReadonlyMap<string, Uint8Array>;
