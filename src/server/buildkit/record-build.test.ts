import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SolveRequest, type StatusResponse } from "../../api/buildkit/control.ts";
import { BuildHistory } from "../../builder/history/history.ts";
import { Code, GrpcError, RpcStatus } from "../../lib/grpc/status.ts";
import { decode, encode, type Input } from "../../lib/protobuf.ts";
import { digestOf } from "../../oci/digest.ts";
import { openStore, type Store } from "../../store/store.ts";
import { replay } from "./history.ts";
import { Job } from "./jobs.ts";
import { recordBegin, recordEnd } from "./record-build.ts";

let root: string;
let store: Store;
let history: BuildHistory;
const warnings: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "berth-record-"));
  store = openStore(":memory:");
  history = new BuildHistory(store, root);
  warnings.length = 0;
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true, force: true });
});

const image = Buffer.from('{"config":{}}');
const deps = () => ({
  buildkit: { history },
  images: { blobs: { has: (digest: string) => digest === digestOf(image), read: async () => image } },
  log: { warn: (text: string) => void warnings.push(text) },
});
const begin = (more: Input<typeof SolveRequest> = {}) =>
  new Job(decode(SolveRequest, encode(SolveRequest, { ref: "a", ...more })), {});
const textOf = (digest = "") => readFileSync(history.file(digest)?.path ?? "", "utf8");

test("a record has what the client asked for, how many steps there were, and what was made", async () => {
  const job = begin({ frontendAttrs: new Map([["target", "t"]]), exporters: [{ type: "moby", attrs: new Map() }] });
  recordBegin(deps(), job);
  expect(history.active().map(({ record }) => record.ref)).toEqual(["a"]);
  const step = job.progress.step("one");
  step.announce();
  step.start();
  for (const current of [1, 2, 3]) step.status("transferring", { current });
  step.status("transferring", { current: 4, done: true });
  await step.output(1, Buffer.from("hi\n"));
  step.done();
  job.progress.step("two").done({ cached: true });
  job.progress.step("three").announce();
  job.progress.warn(() => ({ short: Buffer.from("careful") }));
  job.progress.end();
  job.provenances = [{ platform: "linux/amd64", predicate: { builder: { id: "" } } }];
  await recordEnd(deps(), job, { response: new Map([["containerimage.config.digest", digestOf(image)]]) });
  const record = history.find("a");
  expect(record).toMatchObject({ numTotalSteps: 3, numCompletedSteps: 2, numCachedSteps: 1, numWarnings: 1 });
  expect(record?.frontendAttrs.get("target")).toBe("t");
  expect(record?.exporters.map(({ type }) => type)).toEqual(["image"]);
  expect(record?.completedAt?.seconds).toBeGreaterThan(0);
  expect(record?.result?.results[0]?.descriptor).toMatchObject({ digest: digestOf(image), size: image.length });
  const [provenance] = record?.result?.attestations ?? [];
  expect(provenance?.annotations.get("in-toto.io/predicate-type")).toBe("https://slsa.dev/provenance/v0.2");
  expect(textOf(provenance?.digest)).toBe('{"builder":{"id":""}}');
  const told: StatusResponse[] = [];
  await replay(deps(), "a", async (status) => void told.push(status));
  // How far something had come before it came further is not kept.
  expect(told.flatMap(({ statuses }) => statuses.map(({ current }) => current))).toEqual([4]);
  expect(told.flatMap(({ logs }) => logs.map(({ message }) => Buffer.from(message).toString()))).toEqual(["hi\n"]);
});

test("a failure is kept with its details; one that was called off is called that, whatever was told", async () => {
  const failed = begin({ ref: "failed" });
  failed.progress.end();
  const details = [{ typeUrl: "x", value: Buffer.from("{}") }];
  await recordEnd(deps(), failed, { error: new GrpcError(Code.unknown, "no luck", details) });
  const record = history.find("failed");
  expect(record?.error).toMatchObject({ code: 2, message: "no luck", details: [] });
  const whole = readFileSync(history.file(record?.externalError?.digest ?? "")?.path ?? "");
  expect(decode(RpcStatus, whole)).toMatchObject({ message: "no luck", details: [{ typeUrl: "x" }] });
  const off = begin({ ref: "off" });
  off.cancel(new GrpcError(Code.unavailable, "the session has ended"));
  off.progress.end();
  await recordEnd(deps(), off, { error: new GrpcError(Code.unavailable, "the session has ended") });
  expect(history.find("off")?.error).toMatchObject({ code: Code.cancelled, message: "context canceled" });
});

test("what is only the client's own business is not recorded; what cannot be kept is told in the log", async () => {
  const own = begin({ internal: true });
  recordBegin(deps(), own);
  own.progress.end();
  await recordEnd(deps(), own, { response: new Map() });
  expect([...history.active(), ...history.ended()]).toEqual([]);
  expect(readdirSync(root)).toEqual([]);
  const job = begin();
  recordBegin(deps(), job);
  rmSync(root, { recursive: true });
  job.progress.end();
  await recordEnd(deps(), job, { response: new Map() });
  expect([...history.active(), ...history.ended()]).toEqual([]);
  expect(warnings).toEqual(["what became of a build could not be kept"]);
});
