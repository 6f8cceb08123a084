import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ContentInfoRequest,
  ContentInfoResponse,
  contentPaths,
  ReadContentRequest,
  ReadContentResponse,
} from "../../api/buildkit/content.ts";
import { controlPaths, StatusResponse } from "../../api/buildkit/control.ts";
import {
  BuildHistoryEvent,
  BuildHistoryRequest,
  UpdateBuildHistoryRequest,
  UpdateBuildHistoryResponse,
} from "../../api/buildkit/history.ts";
import { ExportTraceRequest, ExportTraceResponse, tracePaths } from "../../api/buildkit/trace.ts";
import { BuildHistory, historyFile } from "../../builder/history/history.ts";
import { errorMessage } from "../../lib/errors.ts";
import { type Client, connect } from "../../lib/grpc/client.ts";
import { serve } from "../../lib/grpc/server.ts";
import { connection } from "../../lib/grpc/testing/connection.ts";
import { decode, encode, type Input, type Message } from "../../lib/protobuf.ts";
import { openStore, type Store } from "../../store/store.ts";
import { ClientTraces, traceMethods } from "./client-traces.ts";
import { contentMethods } from "./content.ts";
import { historyMethods, replay } from "./history.ts";

let root: string;
let store: Store;
let history: BuildHistory;
let traces: ClientTraces;
let client: Client;
let pair: Awaited<ReturnType<typeof connection>>;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "berth-history-"));
  store = openStore(":memory:");
  history = new BuildHistory(store, root);
  pair = await connection();
  traces = new ClientTraces();
  const buildkit = { history, traces };
  const blobs = { size: () => undefined, stream: () => new ReadableStream<Uint8Array>() };
  serve(pair.left, [
    ...historyMethods({ buildkit }),
    ...contentMethods({ buildkit, images: { blobs } }),
    ...traceMethods({ buildkit }),
  ]);
  client = connect(pair.right);
});
afterEach(async () => {
  client.close();
  await pair[Symbol.asyncDispose]();
  store.close();
  rmSync(root, { recursive: true });
});

const second = (seconds: number) => ({ seconds, nanos: 0 });
const end = (ref: string, at: number, more: object = {}, files: Uint8Array[] = []) =>
  history.end(
    { ref, createdAt: second(at), completedAt: second(at + 2), ...more },
    new Date(at * 1000),
    files.map(historyFile),
  );

async function* calls<ReqOut, ReqIn, ResOut, ResIn>(
  path: string,
  request: Message<ReqOut, ReqIn>,
  response: Message<ResOut, ResIn>,
  value: ReqIn,
): AsyncGenerator<ResOut> {
  const call = client.stream(path);
  await call.send(encode(request, value));
  call.end();
  for await (const message of call.messages) yield decode(response, message);
}

const listen = (request: Input<typeof BuildHistoryRequest>) =>
  calls(controlPaths.listenBuildHistory, BuildHistoryRequest, BuildHistoryEvent, request);

async function refs(request: Input<typeof BuildHistoryRequest>): Promise<string> {
  const found: string[] = [];
  for await (const { type, record } of listen({ earlyExit: true, ...request })) found.push(`${type}${record?.ref}`);
  return found.join(" ");
}

const update = (request: Input<typeof UpdateBuildHistoryRequest>) =>
  client.unary(controlPaths.updateBuildHistory, UpdateBuildHistoryRequest, UpdateBuildHistoryResponse, request);

const failure = (call: Promise<unknown>) =>
  call.then(
    () => "it did not fail",
    (error: unknown) => errorMessage(error),
  );

test("builds that go on come first, then those that ended, the newest first; limits and filters", async () => {
  expect(await refs({ activeOnly: true, ref: "buildx-test-history-api-feature" })).toBe("");
  await end("a", 10);
  await end("b", 20, { error: { code: 2, message: "no" } });
  await end("c", 30, { error: { code: 1, message: "context canceled" } });
  history.begin({ ref: "d", createdAt: second(40) });
  expect(await refs({})).toBe("0d 1c 1b 1a");
  expect(await refs({ activeOnly: true })).toBe("0d");
  expect(await refs({ ref: "b" })).toBe("1b");
  expect(await refs({ limit: 2 })).toBe("0d 1c");
  expect(await refs({ filter: ["status==error"] })).toBe("1b");
  expect(await refs({ filter: ["status==completed", "status==running"] })).toBe("0d 1a");
  expect(await refs({ filter: ["ref~=^[ab],status!=error"] })).toBe("1a");
  expect(await refs({ filter: ["completedAt>1970-01-01T00:00:20Z,duration<=2s"] })).toBe("1c 1b");
  expect(await refs({ filter: ["startedAt>1h"] })).toBe("");
  expect(await failure(refs({ filter: ["nosuch==1"] }))).toContain("invalid filter");
});

test("who goes on listening is told what comes: a beginning, an end, a removal", async () => {
  await end("x", 5);
  const events = listen({ ref: "x" });
  const next = async () => (await events.next()).value?.type;
  // What was there before it listens says that it does.
  expect(await next()).toBe(1);
  history.begin({ ref: "x" });
  await end("other", 6);
  await end("x", 7);
  await update({ ref: "x", delete: true });
  expect([await next(), await next(), await next()]).toEqual([0, 1, 2]);
  await events.return(undefined);
});

test("records are pinned and removed; what is not there is said not to be", async () => {
  await end("a", 1);
  await update({ ref: "a", pinned: true });
  expect(history.find("a")?.pinned).toBe(true);
  await update({ ref: "a", finalize: true });
  expect(history.find("a")?.pinned).toBe(true);
  await update({ ref: "a", delete: true });
  expect(await refs({})).toBe("");
  await update({ ref: "a", delete: true });
  expect(await failure(update({ ref: "a", pinned: true }))).toContain("not found");
});

const logsOf = (messages: Input<typeof StatusResponse>[]) =>
  Buffer.concat(
    messages.flatMap((message) => {
      const bytes = encode(StatusResponse, message);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
const logsType = "application/vnd.buildkit.status.v0";

test("a trace comes with the word that a record is to be final: of the build, its steps and its client", async () => {
  const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  const vertex = { digest: "sha256:1", name: "RUN x", started: second(10) };
  const logs = logsOf([
    { vertexes: [vertex] },
    { vertexes: [{ ...vertex, completed: second(11), error: "exit code: 1" }] },
    { vertexes: [{ digest: "sha256:2", name: "COPY", started: second(10), completed: second(10), cached: true }] },
    { vertexes: [{ digest: "sha256:3", name: "never begun" }] },
  ]);
  traces.begin("a", `00-${traceId}-${spanId}-01`);
  traces.begin("plain", "nonsense");
  await end("a", 10, { logs: { mediaType: logsType, digest: historyFile(logs).digest, size: logs.length } }, [logs]);
  await end("plain", 20);
  await update({ ref: "a", pinned: true });
  const span = (id: string) => ({
    traceId: Buffer.from(id, "hex"),
    spanId: Buffer.from(spanId, "hex"),
    name: "build .",
    kind: 3,
    start: 1_500_000_000n,
    end: 2_000_000_001n,
    attributes: [
      { key: "context", value: { string: "." } },
      { key: "half", value: { double: 0x3fe0000000000000n } },
    ],
    status: { code: 2, message: "failed" },
  });
  const scopes = [{ scope: { name: "buildx" }, spans: [span(traceId), span("00".repeat(16)), span("")] }];
  await client.unary(tracePaths.export, ExportTraceRequest, ExportTraceResponse, {
    resources: [{ resource: { attributes: [{ key: "service.name", value: { string: "buildx" } }] }, scopes }],
  });
  expect(history.find("a")?.trace).toBeUndefined();
  await update({ ref: "a", finalize: true });
  await update({ ref: "a", finalize: true });
  const { trace, generation, pinned } = history.find("a") ?? {};
  expect({ type: trace?.mediaType, generation, pinned }).toEqual({
    type: "application/vnd.buildkit.otlp.json.v0",
    generation: 1,
    pinned: true,
  });
  const text = readFileSync(history.file(trace?.digest ?? "")?.path ?? "", "utf8");
  expect(text.length).toBe(trace?.size ?? 0);
  const [build, run, copy, own, ...more] = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(more).toEqual([]);
  expect(build).toMatchObject({
    Name: "moby.buildkit.v1.Control/Solve",
    SpanContext: { TraceID: traceId },
    Parent: { SpanID: spanId, Remote: true },
    StartTime: "1970-01-01T00:00:10.000000000Z",
    EndTime: "1970-01-01T00:00:12.000000000Z",
  });
  expect(run).toMatchObject({
    Name: "RUN x",
    Parent: { SpanID: build.SpanContext.SpanID },
    Status: { Code: 1, Description: "exit code: 1" },
    Attributes: [{ Key: "vertex", Value: { Type: "STRING", Value: "sha256:1" } }],
  });
  expect(copy.Name).toBe("load cache: COPY");
  expect(own).toMatchObject({
    Name: "build .",
    SpanContext: { TraceID: traceId, SpanID: spanId },
    SpanKind: 3,
    StartTime: "1970-01-01T00:00:01.500000000Z",
    EndTime: "1970-01-01T00:00:02.000000001Z",
    Attributes: [{ Value: { Value: "." } }, { Value: { Type: "FLOAT64", Value: 0.5 } }],
    Status: { Code: 1, Description: "failed" },
    Resource: [{ Value: { Value: "buildx" } }],
  });
  // A client that told nothing of itself has the engine's part.
  await update({ ref: "plain", finalize: true });
  expect(history.find("plain")?.trace?.size).toBeGreaterThan(0);
  expect(await failure(update({ ref: "nobody", finalize: true }))).toContain("not found");
});

test("logs are told once more, and files are read whole and in part", async () => {
  const logs = logsOf(["one", "two"].map((name) => ({ vertexes: [{ digest: "sha256:1", name }] })));
  const { digest } = historyFile(logs);
  await end("a", 1, { logs: { mediaType: logsType, digest, size: logs.length } }, [logs]);
  const names: string[] = [];
  const send = async ({ vertexes }: StatusResponse) => void names.push(...vertexes.map(({ name }) => name));
  expect(await replay({ buildkit: { history } }, "a", send)).toBe(true);
  expect(names).toEqual(["one", "two"]);
  expect(await replay({ buildkit: { history } }, "b", send)).toBe(false);
  const info = (wanted: string) =>
    client.unary(contentPaths.info, ContentInfoRequest, ContentInfoResponse, { digest: wanted });
  expect((await info(digest)).info?.size).toBe(logs.length);
  expect(await failure(info("sha256:../../x"))).toContain("not found");
  const read = async (offset: number, size: number) => {
    const parts: Uint8Array[] = [];
    for await (const { data } of calls(contentPaths.read, ReadContentRequest, ReadContentResponse, {
      digest,
      offset,
      size,
    }))
      parts.push(data);
    return Buffer.concat(parts);
  };
  expect(await read(0, 0)).toEqual(logs);
  expect(await read(4, 3)).toEqual(logs.subarray(4, 7));
  expect(await read(logs.length, 5)).toHaveLength(0);
  expect(await failure(read(logs.length + 1, 1))).toContain("out of range");
});
