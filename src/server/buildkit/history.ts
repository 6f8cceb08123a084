import { controlPaths, StatusResponse } from "../../api/buildkit/control.ts";
import {
  BuildHistoryEvent,
  BuildHistoryRequest,
  UpdateBuildHistoryRequest,
  UpdateBuildHistoryResponse,
} from "../../api/buildkit/history.ts";
import { type BuildHistory, type HistoryEvent, historyFile } from "../../builder/history/history.ts";
import { errorMessage, isNotFound, notFound } from "../../lib/errors.ts";
import { type Method, serverStream, unary } from "../../lib/grpc/method.ts";
import { Code, GrpcError } from "../../lib/grpc/status.ts";
import { decode } from "../../lib/protobuf.ts";
import { buildTrace, traceType } from "./build-trace.ts";
import type { ClientTraces } from "./client-traces.ts";
import { compileHistoryFilters } from "./history-filter.ts";

/** What it takes to tell of builds. */
interface HistoryDeps {
  buildkit: { history: BuildHistory; traces: ClientTraces };
}

/** The calls by which clients ask what became of builds. */
export function historyMethods({ buildkit }: HistoryDeps): Method[] {
  const { history } = buildkit;
  return [
    serverStream(
      controlPaths.listenBuildHistory,
      BuildHistoryRequest,
      BuildHistoryEvent,
      async ({ activeOnly, ref, earlyExit, filter, limit }, { signal }, send) => {
        const matches = await compileHistoryFilters(filter, new Date());
        const asked = ({ record }: HistoryEvent) => (ref === "" || record.ref === ref) && matches(record);
        // What happens while the past is told comes after it.
        const coming: HistoryEvent[] = [];
        let wake = () => {};
        using _listener = history.listen((event) => {
          coming.push(event);
          wake();
        });
        const past = [...history.active(), ...(activeOnly ? [] : history.ended())].filter(asked);
        for (const event of limit > 0 ? past.slice(0, limit) : past) await send(event);
        if (earlyExit) return;
        signal.addEventListener("abort", () => wake(), { once: true });
        while (!signal.aborted) {
          const next = coming.shift();
          if (next && asked(next)) await send(next);
          else if (!next)
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      },
    ),
    unary(
      controlPaths.updateBuildHistory,
      UpdateBuildHistoryRequest,
      UpdateBuildHistoryResponse,
      async ({ ref, pinned, delete: remove, finalize }) => {
        try {
          if (remove) history.remove(ref);
          else if (finalize) await addTrace({ buildkit }, ref);
          else history.pin(ref, pinned);
        } catch (error) {
          throw isNotFound(error) ? new GrpcError(Code.notFound, errorMessage(error)) : error;
        }
        return {};
      },
    ),
  ];
}

/** Adds its trace to a build that has ended, which it has from then on. Throws not-found. */
async function addTrace({ buildkit: { history, traces } }: HistoryDeps, ref: string): Promise<void> {
  const record = history.find(ref);
  if (!record) throw notFound(`failed to retrieve bucket ${ref}: not found`);
  if (record.trace) return;
  const file = historyFile(await buildTrace(record, toldBy(history, ref), traces));
  const trace = { mediaType: traceType, digest: file.digest, size: file.content.length, annotations: new Map() };
  await history.amend(ref, (before) => ({ ...before, trace, generation: before.generation + 1 }), file);
}

/** Tells once more what a build told that has ended; false: nothing is known of it. */
export async function replay(
  { buildkit: { history } }: { buildkit: { history: BuildHistory } },
  ref: string,
  send: (status: StatusResponse) => Promise<void>,
): Promise<boolean> {
  const logs = history.find(ref)?.logs;
  if (!logs || !history.file(logs.digest)) return false;
  for await (const status of toldBy(history, ref)) await send(status);
  return true;
}

async function* toldBy(history: BuildHistory, ref: string): AsyncGenerator<StatusResponse> {
  const digest = history.find(ref)?.logs?.digest;
  const file = digest === undefined ? undefined : history.file(digest);
  if (!file) return;
  const logs = Buffer.from(await Bun.file(file.path).arrayBuffer());
  for (let at = 0; at + 4 <= logs.length; ) {
    const end = at + 4 + logs.readUInt32LE(at);
    yield decode(StatusResponse, logs.subarray(at + 4, end));
    at = end;
  }
}
