import {
  EvaluateRequest,
  EvaluateResponse,
  GatewaySolveRequest,
  GatewaySolveResponse,
  gatewayPaths,
  InputsRequest,
  InputsResponse,
  PingRequest,
  PongResponse,
  type Result,
  ReturnRequest,
  ReturnResponse,
  WarnRequest,
  WarnResponse,
} from "../../api/buildkit/gateway.ts";
import type { Definition } from "../../api/buildkit/llb.ts";
import { type Method, unary } from "../../lib/grpc/method.ts";
import type { ServerCall } from "../../lib/grpc/server-call.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import type { Input } from "../../lib/protobuf.ts";
import type { ServerDeps } from "../deps.ts";
import { frontendCaps, llbCaps } from "./capabilities.ts";
import type { Containers } from "./containers/containers.ts";
import { containerMethods } from "./containers/methods.ts";
import type { FrontendResult } from "./frontend-result.ts";
import type { Job, Returned } from "./jobs.ts";
import { fileMethods } from "./read-files.ts";
import { resolveMethods } from "./resolve-sources.ts";
import { definitionOf } from "./result-definition.ts";
import type { HeldResult } from "./results.ts";
import { solveDefinition } from "./solve-definition.ts";
import { type Bridge, type FrontendRequest, solveFrontend } from "./solve-frontend.ts";
import { workerRecord } from "./workers.ts";

/** Names the build that a call is about. */
const buildHeader = "buildkit-controlapi-buildid";
/** Longer than any call lives: a call waits for its build as long as the client does. */
const waitMs = 60 * 60 * 1000;
/** How long a client may take to hear how its build failed. */
const takeInMs = 100;

/** The service by which a client is the frontend of its build. */
export function gatewayMethods(deps: ServerDeps): Method[] {
  const jobOf = (call: ServerCall) =>
    deps.buildkit.jobs.find(call.metadata.get(buildHeader) ?? "", call.signal, waitMs);
  return frontendMethods(deps, {
    jobOf,
    inputs: (job) => job.request.frontendInputs,
    depth: 0,
    containersOf: (job) => job.containers,
    returned: async (what, job) => {
      job.returned.resolve(what);
      if (!("error" in what)) return;
      await job.ended.promise;
      // A client that has not yet taken in how its build failed may take this answer for the failure. It ends its
      // session when it has.
      await deps.buildkit.sessions.left(job.request.session, takeInMs);
    },
  });
}

/** The same for a frontend that runs within a build. */
const bridge: Bridge = (deps, { job, inputs, depth, containers, returned }) =>
  frontendMethods(deps, {
    jobOf: async () => job,
    inputs: () => inputs,
    depth,
    containersOf: () => containers,
    returned,
  });

/** Asks a frontend for the engine's own sake. */
export function askFrontend(
  deps: ServerDeps,
  job: Job,
  request: Omit<FrontendRequest, "depth">,
): Promise<FrontendResult> {
  return solveFrontend(deps, job, { ...request, depth: 0 }, bridge);
}

/** A frontend, whoever it is. */
interface Caller {
  jobOf: (call: ServerCall) => Promise<Job>;
  inputs: (job: Job) => ReadonlyMap<string, Definition>;
  depth: number;
  containersOf: (job: Job) => Containers;
  /** Told what it came to; it is answered when that is done. */
  returned: (what: Returned, job: Job) => void | Promise<void>;
}

function frontendMethods(deps: ServerDeps, { jobOf, inputs, depth, containersOf, returned }: Caller): Method[] {
  const held = (ref: string): HeldResult => {
    const found = deps.buildkit.jobs.results.get(ref);
    if (!found) throw new GrpcError(Code.notFound, `no such ref ${ref}`);
    return found;
  };
  return [
    unary(gatewayPaths.ping, PingRequest, PongResponse, async (_request, call) => {
      await jobOf(call);
      return { frontendCaps, llbCaps, workers: [workerRecord(deps)] };
    }),
    unary(gatewayPaths.solve, GatewaySolveRequest, GatewaySolveResponse, async (request, call) => {
      const job = await jobOf(call);
      job.signal.throwIfAborted();
      const { definition, frontend } = request;
      if (frontend === "") {
        if (!definition) return { result: { ref: {} } };
        return { result: resultOf(await solveDefinition(deps, job, definition, request)) };
      }
      if ((definition?.operations.length ?? 0) > 0)
        throw new GrpcError(Code.invalidArgument, "cannot solve with both Definition and Frontend specified");
      const asked = { frontend, options: request.frontendOpt, inputs: request.frontendInputs, depth };
      const result = await solveFrontend(deps, job, asked, bridge);
      if (request.evaluate) for (const { id } of result.refs) await held(id).look(async () => {});
      return { result: resultOf(result) };
    }),
    unary(gatewayPaths.evaluate, EvaluateRequest, EvaluateResponse, async ({ ref }) => {
      await held(ref).look(async () => {});
      return {};
    }),
    ...fileMethods(held),
    ...resolveMethods(deps, jobOf),
    ...containerMethods(deps, { jobOf, containersOf }),
    unary(gatewayPaths.return, ReturnRequest, ReturnResponse, async (request, call) => {
      await returned(returnedOf(request), await jobOf(call));
      return {};
    }),
    unary(gatewayPaths.inputs, InputsRequest, InputsResponse, async (_request, call) => ({
      definitions: inputs(await jobOf(call)),
    })),
    unary(gatewayPaths.warn, WarnRequest, WarnResponse, async ({ digest, ...warning }, call) => {
      (await jobOf(call)).progress.warn(() => ({ ...warning, vertex: digest }));
      return {};
    }),
  ];
}

function resultOf({ refs, metadata }: FrontendResult): Input<typeof Result> {
  const named = refs.map(({ id, platform, definition }) => ({
    platform,
    ref: { id, definition: definition ?? definitionOf(id) },
  }));
  const several = named.flatMap(({ platform, ref }) => (platform === undefined ? [] : [[platform, ref] as const]));
  if (several.length > 0) return { refs: { refs: new Map(several) }, metadata };
  return { ref: named[0]?.ref ?? {}, metadata };
}

function returnedOf({ result, error }: ReturnRequest): Returned {
  if (error) return { error: new GrpcError(error.code, error.message, error.details) };
  const refs = [
    ...(result?.ref ? [{ id: result.ref.id, platform: undefined }] : []),
    ...[...(result?.refs?.refs ?? [])].map(([platform, { id }]) => ({ id, platform })),
  ];
  return { refs: refs.filter(({ id }) => id !== ""), metadata: result?.metadata ?? new Map() };
}
