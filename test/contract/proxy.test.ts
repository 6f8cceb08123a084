/** An engine that is wrong on purpose, behind the proxy. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { until } from "../harness.ts";

const root = mkdtempSync("/tmp/berth-contract-");
const listen = join(root, "proxy.sock");
const engine = join(root, "engine.sock");
const report = join(root, "report");
const common = { Server: "Wrong", Ostype: "linux", "Api-Version": "1.51", "Docker-Experimental": "false" };

/** What the engine answers, by method and target. */
const answers: Record<string, () => Response> = {};
let server: Bun.Server<undefined>;
let proxy: Bun.Subprocess<"pipe", "pipe", "inherit">;

beforeAll(async () => {
  server = Bun.serve({
    unix: engine,
    fetch: (request) =>
      answers[`${request.method} ${new URL(request.url).pathname}`]?.() ?? new Response("{}", { status: 500 }),
  });
  chmodSync(engine, 0o640);
  proxy = Bun.spawn([process.execPath, resolve(import.meta.dir, "proxy.ts")], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env, CONTRACT_PROXY: JSON.stringify({ listen, engine, report }) },
  });
  await proxy.stdout.getReader().read();
});
afterAll(async () => {
  proxy.stdin.end();
  expect(await proxy.exited).toBe(0);
  await server.stop(true);
  rmSync(root, { recursive: true, force: true });
});

/** The lines that a call adds to the report. */
async function breachesOf(
  method: string,
  path: string,
  answer: () => Response,
  options: { body?: object; userAgent?: string } = {},
): Promise<string[]> {
  const { body, userAgent = "test" } = options;
  const before = existsSync(report) ? readFileSync(report, "utf8").length : 0;
  answers[`${method} ${path}`] = answer;
  const reply = await fetch(`http://d${path}`, {
    unix: listen,
    method,
    headers: { "User-Agent": userAgent, ...(body && { "Content-Type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  await reply.text();
  // What the proxy has passed on it has looked at.
  return existsSync(report)
    ? readFileSync(report, "utf8")
        .slice(before)
        .split("\n")
        .filter((line) => line !== "")
    : [];
}

const json =
  (value: unknown, status = 200) =>
  () =>
    Response.json(value, { status, headers: common });
const summary = {
  Id: "a".repeat(64),
  Names: ["/a"],
  Image: "i",
  ImageID: "i",
  Command: "c",
  Created: 1,
  Ports: [],
  Labels: {},
  State: "running",
  Status: "Up",
  HostConfig: { NetworkMode: "n" },
  NetworkSettings: { Networks: {} },
  Mounts: [],
};

test("what is right is let by", async () => {
  expect(await breachesOf("GET", "/v1.44/containers/json", json([summary]))).toEqual([]);
  expect(
    await breachesOf("DELETE", "/v1.44/containers/x", () => new Response(null, { status: 204, headers: common })),
  ).toEqual([]);
  expect(
    await breachesOf("GET", "/v1.44/containers/nobody/json", json({ message: "No such container: nobody" }, 404)),
  ).toEqual([]);
});

test.each<[string, unknown, string]>([
  ["a type", [{ ...summary, Created: "1" }], 'body[0].Created: expected integer, got "1"'],
  ["a null", [{ ...summary, Command: null }], "body[0].Command: expected string, got null"],
  [
    "a word that is none",
    [{ ...summary, State: "resting" }],
    'body[0].State: expected one of "created", "running", "paused", "restarting", "exited", "removing", ' +
      '"dead", got "resting"',
  ],
  ["a field that nobody knows", [{ ...summary, Mood: "good" }], 'body[0].Mood: expected nothing, got "good"'],
  [
    "a field that came later",
    [{ ...summary, Health: { Status: "none", FailingStreak: 0 } }],
    'body[0].Health: expected nothing before 1.52, got {"Status":"none","FailingStreak":0}',
  ],
  [
    "a field that dockerd never leaves out",
    [{ ...summary, Mounts: undefined }],
    "body[0].Mounts: expected a value, got nothing",
  ],
  [
    "null for a list that dockerd never sends as null",
    [{ ...summary, Mounts: null }],
    "body[0].Mounts: expected array, got null",
  ],
  ["no list", { ...summary }, "body: expected array, got"],
])("%s", async (_what, value, breach) => {
  const [first, ...more] = await breachesOf("GET", "/v1.45/containers/json", json(value));
  expect(first).toStartWith(`GET /containers/json v1.45: ${breach}`);
  expect(more).toEqual([]);
});

test("statuses, headers, content types, JSON that is none", async () => {
  expect(await breachesOf("GET", "/v1.45/version", json({ message: "gone" }, 410))).toEqual([
    "GET /version v1.45: status: expected 200, 500, got 410",
  ]);
  expect(await breachesOf("GET", "/v1.45/nonsense", json({}, 200))).toEqual([
    "GET /nonsense v1.45: status: expected 404 for what is no route, got 200",
  ]);
  expect(
    await breachesOf("GET", "/v1.45/containers/x/json", () => new Response("no", { status: 404, headers: common })),
  ).toEqual([
    "GET /containers/{id}/json v1.45: content type: expected application/json, got text/plain;charset=utf-8",
    'GET /containers/{id}/json v1.45: body: expected JSON, got "no"',
  ]);
  expect(
    await breachesOf(
      "DELETE",
      "/v1.45/volumes/x",
      () => new Response(null, { status: 204, headers: { ...common, Server: "" } }),
    ),
  ).toEqual([]);
  const { Ostype: _os, ...rest } = common;
  expect(
    await breachesOf("DELETE", "/v1.45/networks/x", () => new Response(null, { status: 204, headers: rest })),
  ).toEqual(["DELETE /networks/{id} v1.45: header ostype: expected a value, got nothing"]);
});

test("the same breach is told once, at each version", async () => {
  const wrong = json([{ ...summary, Image: 1 }]);
  expect(await breachesOf("GET", "/v1.46/containers/json", wrong)).toHaveLength(1);
  expect(await breachesOf("GET", "/v1.46/containers/json", wrong)).toHaveLength(0);
  expect(await breachesOf("GET", "/v1.47/containers/json", wrong)).toHaveLength(1);
});

test("streams of values, a line each, and of frames", async () => {
  const lines = '{"stream":"Step 1"}\r\n{"stream":7}\r\n{"aux":{"ID":"sha256:1"}}\r\n';
  expect(
    await breachesOf(
      "POST",
      "/v1.45/build",
      () => new Response(lines, { headers: { ...common, "Content-Type": "application/json" } }),
    ),
  ).toEqual(["POST /build v1.45: line.stream: expected string, got 7"]);
  const frame = (stream: number, text: string) =>
    Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const logs =
    (...frames: Buffer[]) =>
    () =>
      new Response(new Uint8Array(Buffer.concat(frames)), {
        headers: { ...common, "Content-Type": "application/vnd.docker.multiplexed-stream" },
      });
  expect(await breachesOf("GET", "/v1.45/containers/x/logs", logs(frame(1, "one"), frame(2, "two")))).toEqual([]);
  expect(await breachesOf("GET", "/v1.45/containers/x/logs", logs(frame(1, "one"), frame(9, "two")))).toEqual([
    "GET /containers/{id}/logs v1.45: frame: expected a stream 0 to 3 and a length, got 0900000000000003",
  ]);
});

test("requests that the engine took: types of everybody, and words of our own command line", async () => {
  const created = json({ Id: "a".repeat(64), Warnings: [] }, 201);
  expect(
    await breachesOf("POST", "/v1.45/containers/create", created, { body: { Image: "i", Tty: "yes", Novel: 1 } }),
  ).toEqual(['POST /containers/create v1.45: request.Tty: expected boolean, got "yes"']);
  expect(
    await breachesOf("POST", "/v1.46/containers/create", created, {
      body: { Image: "i", Novel: 1 },
      userAgent: "Berth-Client",
    }),
  ).toEqual(["POST /containers/create v1.46: request.Novel: expected nothing, got 1"]);
});

test("the socket has the engine's mode; each side may end on its own, and bytes that are no HTTP pass", async () => {
  expect(statSync(listen).mode & 0o777).toBe(0o640);
  const echo = join(root, "echo.sock");
  let received = 0;
  // The half that is open still is the one the answer goes out on.
  const listener = Bun.listen<undefined>({
    unix: echo,
    ...{ allowHalfOpen: true },
    socket: {
      data(_socket, bytes) {
        received += bytes.length;
      },
      end(socket) {
        socket.write(`${received} bytes`);
        socket.end();
      },
    },
  });
  const through = join(root, "through.sock");
  const other = Bun.spawn([process.execPath, resolve(import.meta.dir, "proxy.ts")], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env, CONTRACT_PROXY: JSON.stringify({ listen: through, engine: echo, report }) },
  });
  await other.stdout.getReader().read();
  const client = connect({ path: through, allowHalfOpen: true });
  let answer = "";
  client.on("data", (bytes: Buffer) => {
    answer += bytes.toString("latin1");
  });
  const done = new Promise<void>((finished) => client.on("end", () => finished()));
  client.end(Buffer.alloc(3_000_000, "nonsense\r\n"));
  await done;
  expect(answer).toBe("3000000 bytes");
  other.stdin.end();
  await until("the end of the proxy", () => other.exitCode !== null);
  listener.stop(true);
});
