import type { Definition } from "../../api/buildkit/llb.ts";
import { provenance } from "../../builder/attest/provenance.ts";
import { startBuild } from "../../builder/build.ts";
import { isOwnFrontend, syntaxOf } from "../../builder/dockerfile/syntax.ts";
import { openBuild } from "../../builder/open.ts";
import type { BuildRequest } from "../../builder/request.ts";
import { imageConfig, type StageResult } from "../../builder/result.ts";
import type { Solved } from "../../builder/solved.ts";
import { RunFailed } from "../../builder/steps/run-failed.ts";
import { invalid } from "../../lib/errors.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { newId } from "../../lib/ids.ts";
import { formatPlatform } from "../../oci/platform.ts";
import type { ServerDeps } from "../deps.ts";
import { exportAll } from "./export/exporters.ts";
import { failuresOf, tellFailed } from "./failed-operation.ts";
import { buildFailure, type SourceFile } from "./failure.ts";
import type { FrontendResult } from "./frontend-result.ts";
import type { ExporterResponse, Job } from "./jobs.ts";
import { LookUps } from "./look-ups.ts";
import { openSession } from "./open-session.ts";
import { cacheSpec, type FrontendOptions, readOptions } from "./options.ts";
import { resultIn } from "./result-definition.ts";
import { heldStage } from "./results.ts";
import { solveDefinition } from "./solve-definition.ts";
import { answerSubrequest } from "./subrequests.ts";
import { tellRemotes } from "./tell-remotes.ts";
import { follow } from "./vertices.ts";
import { warningOf } from "./warnings.ts";

/**
 * The frontend `dockerfile.v0`: builds what its options say, for a client that is asked for files as they are needed.
 * Its results wait for the client's word of what to make of them. `byImage` has a frontend from an image read a file
 * that says so.
 */
export async function solveDockerfile(
  deps: ServerDeps,
  job: Job,
  asked: { options: FrontendOptions; inputs: ReadonlyMap<string, Definition> },
  byImage: (syntax: string) => Promise<FrontendResult>,
): Promise<FrontendResult> {
  const { request: solve, progress, undo, signal } = job;
  const { options } = asked;
  const name = options.get("filename") || "Dockerfile";
  const definition = progress.step(`[internal] load build definition from ${name}`);
  const session = await openSession(deps, job, options, definition);
  const cacheTo = (solve.cache?.exports ?? []).map(cacheSpec);
  const read = readOptions(options, { entitlements: solve.entitlements, imports: solve.cache?.imports ?? [] });
  const wanted = {
    ...read,
    inlineCache: read.inlineCache || cacheTo.some(({ type }) => type === "inline"),
    session,
    tags: [],
    annotations: [],
    describe: false,
    failures: failuresOf(deps, job),
    cacheTo,
  };
  const { linked, contexts } = await partInputs(deps, job, wanted.contexts, asked.inputs);
  let file: SourceFile | undefined;
  try {
    const opened = await tellRemotes(progress, wanted.remote, contexts, (told) =>
      openBuild(deps.build, { ...wanted, contexts }, undo, signal, told),
    );
    const request: BuildRequest = { ...opened, contexts: new Map([...opened.contexts, ...linked]) };
    file = { name: request.dockerfileName, text: request.dockerfile };
    // A program that was asked for a file already is told so.
    const syntax = options.has("cmdline")
      ? undefined
      : (options.get("build-arg:BUILDKIT_SYNTAX") ?? syntaxOf(request.dockerfile));
    if (syntax !== undefined && !isOwnFrontend(syntax)) return await byImage(syntax);
    const subrequest = options.get("requestid");
    if (subrequest !== undefined)
      return { refs: [], metadata: await answerSubrequest(deps, subrequest, { request, file, progress, signal }) };
    const lines = request.dockerfile.split("\n");
    const warn: Parameters<typeof follow>[3] = (finding) => {
      // BuildKit says nothing of arguments that nobody takes.
      if (finding.rule !== "UnusedBuildArgs")
        progress.warn(() => warningOf(finding, definition.digest, request, lines));
    };
    const generator = /(?:^|,)generator=([^,]+)/.exec(options.get("attest:sbom") ?? "")?.[1];
    const message = `the generator ${generator} is not run: the list of packages is this engine's own`;
    if (generator !== undefined) warn({ kind: "warning", rule: "SbomGenerator", message, line: 0 });
    return await solveRequest(deps, job, request, warn);
  } catch (error) {
    throw buildFailure(error, file, undefined);
  }
}

async function solveRequest(
  deps: ServerDeps,
  job: Job,
  request: BuildRequest,
  warn: Parameters<typeof follow>[3],
): Promise<FrontendResult> {
  const { progress, signal, undo } = job;
  const solved = Promise.withResolvers<Solved | { failure: GrpcError }>();
  const wish = Promise.withResolvers<boolean>();
  const lookUps = new LookUps();
  const build = await startBuild(
    deps.build,
    deps.remote,
    request,
    signal,
    async (done) => {
      solved.resolve(done);
      return (await wish.promise) ? exportAll(deps, job, done) : undefined;
    },
    (plans) => lookUps.begin(plans, request, deps.build.images, progress),
  );
  const reader = build.events.read({ owns: true });
  const following = follow(reader, progress, lookUps, warn);
  undo.defer(async () => {
    build.cancel();
    wish.resolve(false);
    await build.result.catch(() => {});
    await following;
  });
  undo.use(deps.build.running.add(job.request.ref, build));
  signal.addEventListener("abort", () => build.cancel(), { once: true });
  if (signal.aborted) build.cancel();
  build.result.catch(async (error: unknown) => {
    // All that was told of the failure comes before it.
    const failed = await following;
    const file = { name: request.dockerfileName, text: request.dockerfile };
    const failure = buildFailure(error, file, failed, tellFailed(deps, job));
    // A command that failed can be looked into: that is for who asks for the result.
    if (error instanceof RunFailed && request.platforms.length < 2) solved.resolve({ failure });
    else solved.reject(failure);
  });
  const outcome = await solved.promise;
  if ("failure" in outcome) return failedResult(deps, job, outcome.failure);
  const { results, materials } = outcome;
  job.provenances = results.map(({ platform }) => ({
    platform: formatPlatform(platform),
    predicate: provenance({
      request,
      platform,
      materials,
      invocation: newId(),
      startedAt: job.startedAt,
      finishedAt: new Date(),
      mode: "max",
      version: "v0.2",
    }),
  }));
  const refs = results.map((result) => ({ id: newId(), result }));
  for (const { id, result } of refs) {
    job.refs.push(id);
    deps.buildkit.jobs.results.set(id, heldStage(deps.build, result));
  }
  const told = describe(refs, request.platforms.length > 1);
  job.builds.push({
    refs: refs.map(({ id }) => id),
    metadata: told.metadata,
    drop: () => wish.resolve(false),
    export: async (): Promise<ExporterResponse> => {
      wish.resolve(true);
      return (await build.result) ?? new Map();
    },
  });
  return told;
}

/** A result that whoever asks for it is told the failure of. */
function failedResult({ buildkit }: ServerDeps, job: Job, failure: GrpcError): FrontendResult {
  const id = newId();
  const fail = () => Promise.reject(failure);
  job.refs.push(id);
  buildkit.jobs.results.set(id, { layers: fail, look: fail });
  job.builds.push({ refs: [id], metadata: new Map(), drop: () => {}, export: fail });
  return { refs: [{ id, platform: undefined }], metadata: new Map() };
}

/** The results with the configurations of the images that they would be. */
function describe(results: readonly { id: string; result: StageResult }[], several: boolean): FrontendResult {
  const metadata = new Map<string, Uint8Array>();
  const refs = results.map(({ id, result }) => {
    const platform = several ? formatPlatform(result.platform) : undefined;
    const key = platform === undefined ? "containerimage.config" : `containerimage.config/${platform}`;
    metadata.set(key, Buffer.from(JSON.stringify(imageConfig(result))));
    return { id, platform };
  });
  if (several) {
    const platforms = results.map(({ result }) => ({ ID: formatPlatform(result.platform), Platform: result.platform }));
    metadata.set("refs.platforms", Buffer.from(JSON.stringify({ Platforms: platforms })));
  }
  return { refs, metadata };
}

/** Takes the contexts that are other builds' results (`input:KEY`) out of those that are named by where they are. */
async function partInputs(
  deps: ServerDeps,
  job: Job,
  named: Readonly<Record<string, string>>,
  inputs: ReadonlyMap<string, Definition>,
): Promise<{ linked: Map<string, { result: StageResult }>; contexts: Record<string, string> }> {
  const linked = new Map<string, { result: StageResult }>();
  const contexts: Record<string, string> = {};
  for (const [name, source] of Object.entries(named)) {
    if (!source.startsWith("input:")) {
      contexts[name] = source;
      continue;
    }
    const key = source.slice("input:".length);
    const definition = inputs.get(key);
    if (!definition) throw invalid(`input ${key} for context ${name} was not sent`);
    const id = resultIn(definition) ?? (await solveDefinition(deps, job, definition, { evaluate: false })).refs[0]?.id;
    const held = id === undefined ? undefined : deps.buildkit.jobs.results.get(id);
    if (!held) throw new GrpcError(Code.notFound, `the build behind context ${name} has ended`);
    linked.set(name, { result: await held.layers() });
  }
  return { linked, contexts };
}
