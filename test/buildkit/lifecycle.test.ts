/** Builds whose client leaves, lies or never comes end with words on it, within their time, and leave nothing. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  EvaluateRequest,
  EvaluateResponse,
  gatewayPaths,
  PingRequest,
  PongResponse,
  ReturnRequest,
  ReturnResponse,
} from "../../src/api/buildkit/gateway.ts";
import { Daemon, until } from "../harness.ts";
import { type Content, failureOf, folder, RawClient } from "./raw-client.ts";

let daemon: Daemon;
let client: RawClient;
beforeAll(async () => {
  daemon = await Daemon.start({ direct: "the client speaks HTTP/2 by itself, and breaks it off" });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});
const open = async () => {
  client = await RawClient.open(daemon.socket);
  return client;
};
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await until("nothing to be left", async () => (await left()).length === 0, 10_000).catch(async () => {
    throw new Error(`left: ${await left()}`);
  });
});

/** What builds have on the machine while they run. */
async function left(): Promise<string[]> {
  const { execRoot, dataRoot } = daemon;
  const folders = [join(execRoot, "builds"), join(dataRoot, "tmp"), join(dataRoot, "tmp/images")].filter(existsSync);
  const found = folders.flatMap((each) => readdirSync(each)).filter((name) => name !== "images");
  return [...found, ...(await daemon.strays())];
}

const running = (marker: string) =>
  readdirSync("/proc").some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(marker);
    } catch {
      return false;
    }
  });

/** A build that has begun: the step prints `begun`, then sleeps for a time that nobody else sleeps for. */
async function sleeping(session: { files?: Record<string, Content> } = {}) {
  const marker = `sleep ${2_000_000 + Math.floor(Math.random() * 1_000_000)}`;
  const [ref, id] = [client.name(), client.name()];
  const Dockerfile = `FROM busybox\nRUN echo begun && ${marker}\n`;
  const served = await client.session(id, [folder({ Dockerfile, ...session.files })]);
  const controller = new AbortController();
  const told = client.vertices(ref);
  const outcome = client.solve(client.request(ref, id), controller.signal);
  await until("the step to run", () => running(marker.replace(" ", "\0")));
  return { ref, served, told, outcome, controller, marker: marker.replace(" ", "\0") };
}

/** The step that ran when the build ended. */
const stepOf = ({ vertices }: Awaited<ReturnType<RawClient["vertices"]>>) =>
  vertices.find(({ name }) => name.includes("RUN echo begun"));

test("a call given up ends its step within a second, and the telling ends with it", async () => {
  await open();
  const { told, outcome, controller, marker } = await sleeping();
  const at = Date.now();
  controller.abort();
  const { vertices, error } = await told;
  expect(Date.now() - at).toBeLessThan(1_500);
  await until("the step to be gone", () => !running(marker), 1_000);
  expect(error).toBeUndefined();
  expect(stepOf({ vertices, error })).toMatchObject({ error: "context canceled", completed: expect.anything() });
  expect((await outcome).error).toEqual({ code: 1, message: "context canceled" });
});

test("a session that vanishes ends the build, which says so", async () => {
  await open();
  const { told, outcome, served, marker } = await sleeping();
  served.close();
  const { error } = await outcome;
  expect(error?.message).toMatch(/^session .* has ended$/);
  await until("the step to be gone", () => !running(marker), 1_000);
  expect(stepOf(await told)).toMatchObject({ completed: expect.anything() });
});

test("a connection that breaks ends the builds on it", async () => {
  await open();
  const { marker, outcome } = await sleeping();
  client.socket.destroy();
  await outcome;
  await until("the step to be gone", () => !running(marker), 1_000);
});

test("what never comes is waited for so long, and then named", async () => {
  await open();
  const [ref, other] = [client.name(), client.name()];
  const began = Date.now();
  const [lost, unknown] = await Promise.all([client.solve(client.request(ref, "nobody")), client.vertices(other)]);
  expect(lost.error).toEqual({ code: 2, message: "no active session for nobody: context deadline exceeded" });
  expect(unknown).toEqual({ vertices: [], error: { code: 5, message: `no such job ${other}` } });
  expect(Date.now() - began).toBeWithin(5_000, 8_000);
});

test("requests that cannot be right are refused at once", async () => {
  await open();
  const refuse = async (more: Parameters<RawClient["request"]>[2]) =>
    (await client.solve(client.request(client.name(), "nobody", more))).error?.message;
  const began = Date.now();
  expect(await refuse({ frontend: "nosuch" })).toBe("invalid frontend: nosuch");
  expect(await refuse({ exporters: [{ type: "nosuch" }] })).toBe('exporter "nosuch" could not be found');
  expect(await refuse({ ref: "" })).toBe("a build needs a ref");
  expect(Date.now() - began).toBeLessThan(2_000);
});

test("a name belongs to one build, and calls about another find nothing", async () => {
  await open();
  const { ref, outcome, controller, told } = await sleeping();
  expect((await client.solve(client.request(ref, "nobody"))).error).toEqual({
    code: 6,
    message: `job ID ${ref} exists`,
  });
  const fail = (promise: Promise<unknown>) => promise.then(() => "answered", failureOf);
  const of = (build: string) => ({ metadata: { "buildkit-controlapi-buildid": build }, timeoutMs: 500 });
  const { calls } = client;
  const nobody = { code: 4, message: "context deadline exceeded" };
  expect(await fail(calls.unary(gatewayPaths.ping, PingRequest, PongResponse, {}, of("nobody")))).toEqual(nobody);
  expect(await fail(calls.unary(gatewayPaths.return, ReturnRequest, ReturnResponse, {}, of("nobody")))).toEqual(nobody);
  const evaluated = calls.unary(gatewayPaths.evaluate, EvaluateRequest, EvaluateResponse, { ref: "nothing" }, of(ref));
  expect(await fail(evaluated)).toMatchObject({ code: 5 });
  // A result that is no result of this build's frontends.
  const other = client.name();
  const returned = client.solve(client.request(other, "nobody", { frontend: "" }));
  await calls.unary(
    gatewayPaths.return,
    ReturnRequest,
    ReturnResponse,
    { result: { ref: { id: "nothing" } } },
    of(other),
  );
  expect((await returned).error?.message).toContain("nothing");
  controller.abort();
  await Promise.all([outcome, told]);
});

test("output is whole for who reads it, late or slowly, and nobody has to", async () => {
  await open();
  const [ref, id] = [client.name(), client.name()];
  const lines = 40_000;
  const Dockerfile = `FROM busybox\nRUN seq 1 ${lines} | sed "s/$/ ${"x".repeat(90)}/" # ${ref}\n`;
  await client.session(id, [folder({ Dockerfile })]);
  const outcome = client.solve(client.request(ref, id));
  await until("the step to run", () => running(`seq\u00001\u0000${lines}`) || running("sed\0"));
  let text = "";
  for await (const { logs } of client.status(ref)) {
    for (const { message } of logs) text += Buffer.from(message).toString();
    await Bun.sleep(0);
  }
  expect((await outcome).error).toBeUndefined();
  expect(
    text
      .trimEnd()
      .split("\n")
      .map((line) => Number(line.split(" ")[0])),
  ).toEqual(Array.from({ length: lines }, (_, at) => at + 1));

  const unread = client.name();
  const [, again] = [await client.session(unread, [folder({ Dockerfile: `${Dockerfile}# unread\n` })]), client.name()];
  const request = client.request(again, unread, {
    frontendAttrs: new Map([
      ["filename", "Dockerfile"],
      ["no-cache", ""],
    ]),
  });
  expect((await client.solve(request, AbortSignal.timeout(60_000))).error).toBeUndefined();
}, 90_000);

const memory = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "utf8"))?.[1]) / 1024;

test("a large file is spooled, and output that nobody takes waits where it is made", async () => {
  await open();
  const before = memory();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, memory());
  }, 20);
  try {
    const id = client.name();
    const chunk = new Uint8Array(32 * 1024).fill(7);
    const large = function* () {
      for (let at = 0; at < 256 * 32; at++) yield chunk;
    };
    const Dockerfile = "FROM scratch\nCOPY large /\n";
    await client.session(id, [folder({ Dockerfile, large })]);
    const request = client.request(client.name(), id, { exporters: [] });
    expect((await client.solve(request)).error).toBeUndefined();

    const [ref, slow] = [client.name(), client.name()];
    await client.session(slow, [folder({ Dockerfile: "FROM busybox\nRUN yes | head -c 1000000000\n" })]);
    const controller = new AbortController();
    const outcome = client.solve(client.request(ref, slow), controller.signal);
    const reader = client.status(ref);
    await reader.next();
    await until("the step to print", () => running("yes"));
    await Bun.sleep(3_000);
    controller.abort();
    await Promise.all([outcome, reader.return(undefined)]);
  } finally {
    clearInterval(watch);
  }
  expect(most - before).toBeLessThan(250);
}, 120_000);

test("thousands of calls are as many as there may be, and the engine answers on", async () => {
  await open();
  const calls = Array.from({ length: 3_000 }, (_, at) => client.vertices(`nothing ${at}`));
  expect((await fetch("http://d/_ping", { unix: daemon.socket })).status).toBe(200);
  const codes = new Set((await Promise.all(calls)).map(({ error }) => error?.code));
  // Those that there was no room for are refused, or the whole connection is; the others find no build.
  expect(codes.isSubsetOf(new Set([5, 13, 14]))).toBe(true);
  await client[Symbol.asyncDispose]();
  await open();
  expect((await client.solve(client.request(client.name(), "", { frontend: "nosuch" }))).error?.code).toBe(2);
}, 60_000);

test("a Dockerfile without an end is refused", async () => {
  await open();
  const id = client.name();
  const endless = function* () {
    for (;;) yield new Uint8Array(32 * 1024).fill(35);
  };
  await client.session(id, [folder({ Dockerfile: endless })]);
  const { error } = await client.solve(client.request(client.name(), id));
  expect(error?.message).toContain("a file that is read as text is larger than");
});

test("what fails in a Dockerfile of any length is told whole", async () => {
  await open();
  for (const lines of [100, 3_000, 40_000]) {
    const id = client.name();
    const comments = Array.from({ length: lines }, (_, at) => `# comment number ${at} makes this file longer\n`);
    await client.session(id, [folder({ Dockerfile: `FROM busybox\n${comments.join("")}RUN exit 3\n` })]);
    const words = 'process "/bin/sh -c exit 3" did not complete successfully: exit code: 3';
    const { error } = await client.solve(client.request(client.name(), id));
    // Where so many lines are too much for what clients draw from, the words show the place.
    const place = lines > 20_000 ? `\nDockerfile:${lines + 2}\n` : "";
    expect(error?.code).toBe(2);
    expect(error?.message.startsWith(`${words}${place}`)).toBe(true);
    if (place === "") expect(error?.message).toBe(words);
    else expect(error?.message).toContain(`${lines + 2} | >>> RUN exit 3\n`);
  }
});

test("a Dockerfile of nothing but faults is no burden", async () => {
  await open();
  const before = memory();
  const [ref, id] = [client.name(), client.name()];
  await client.session(id, [folder({ Dockerfile: `FROM busybox\n${"MAINTAINER x\n".repeat(2_000)}` })]);
  const outcome = client.solve(client.request(ref, id, { exporters: [] }));
  let warned = 0;
  for await (const { warnings } of client.status(ref)) warned += warnings.length;
  expect((await outcome).error).toBeUndefined();
  expect(warned).toBeWithin(1, 1_001);
  expect(memory() - before).toBeLessThan(500);
}, 60_000);

test("links out of the context lead nowhere", async () => {
  const { error } = await (async () => {
    await open();
    const id = client.name();
    await client.session(id, [folder({ Dockerfile: "FROM scratch\nCOPY ../../etc/passwd /\n" })]);
    return client.solve(client.request(client.name(), id));
  })();
  expect(error?.message).toContain('"/etc/passwd": not found');
});
