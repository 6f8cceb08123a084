import {
  controlPaths,
  DiskUsageRequest,
  DiskUsageResponse,
  InfoRequest,
  InfoResponse,
  ListWorkersRequest,
  ListWorkersResponse,
  PruneRequest,
  SolveRequest,
  SolveResponse,
  StatusRequest,
  StatusResponse,
  UsageRecord,
} from "../../api/buildkit/control.ts";
import { type Method, serverStream, unary } from "../../lib/grpc/method.ts";
import type { ServerDeps } from "../deps.ts";
import { diskUsage, prune } from "./disk-usage.ts";
import { historyMethods, replay } from "./history.ts";
import { solve } from "./solve.ts";
import { sendStatus } from "./status.ts";
import { buildkitVersion, workerRecord } from "./workers.ts";

/** How long a client may ask for the progress of a build before it begins the build, in ms. */
const statusWaitMs = 6_000;

/** The service that clients begin builds with. */
export function controlMethods(deps: ServerDeps): Method[] {
  const { jobs } = deps.buildkit;
  return [
    unary(controlPaths.listWorkers, ListWorkersRequest, ListWorkersResponse, () => ({
      records: [workerRecord(deps)],
    })),
    unary(controlPaths.info, InfoRequest, InfoResponse, () => ({ buildkitVersion: buildkitVersion(deps) })),
    unary(controlPaths.solve, SolveRequest, SolveResponse, async (request, { signal, metadata }) => {
      if (!request.internal) deps.buildkit.traces.begin(request.ref, metadata.get("traceparent"));
      return { exporterResponse: await solve(deps, request, signal) };
    }),
    unary(controlPaths.diskUsage, DiskUsageRequest, DiskUsageResponse, async (request) => ({
      records: await diskUsage(deps.build, request),
    })),
    serverStream(controlPaths.prune, PruneRequest, UsageRecord, async (request, _call, send) => {
      for (const record of await prune(deps.build, request)) await send(record);
    }),
    ...historyMethods(deps),
    serverStream(controlPaths.status, StatusRequest, StatusResponse, async ({ ref }, { signal }, send) => {
      if (!jobs.has(ref) && (await replay(deps, ref, send))) return;
      const job = await jobs.find(ref, signal, statusWaitMs);
      await sendStatus(job.progress, signal, send);
    }),
  ];
}
