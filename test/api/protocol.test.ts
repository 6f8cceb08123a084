import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";
import { RawConnection } from "./raw.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
  fetch(`http://d${path}`, { unix: daemon.socket, method, headers, ...(body !== undefined && { body }) });
const message = async (response: Response) => ((await response.json()) as { message: string }).message;

describe("versions", () => {
  test("with and without one in the path", async () => {
    for (const path of ["/version", "/v1.24/version", "/v1.41/version", "/v1.56/version"]) {
      const response = await ask("GET", path);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ ApiVersion: "1.56", MinAPIVersion: "1.24", Os: "linux" });
    }
  });
  test("too new and too old are refused, after routing", async () => {
    expect(await message(await ask("GET", "/v1.99/info"))).toBe(
      "client version 1.99 is too new. Maximum supported API version is 1.56",
    );
    const old = await ask("GET", "/v1.21/info");
    expect(old.status).toBe(400);
    expect(await old.text()).toBe(
      "client version 1.21 is too old. Minimum supported API version is 1.24, please upgrade your client to a " +
        "newer version\n",
    );
    expect((await ask("GET", "/v1.99/nonsense")).status).toBe(404);
  });
  test("routes have a least version of their own", async () => {
    const response = await ask("POST", "/v1.24/containers/prune");
    expect(response.status).toBe(400);
    expect(await message(response)).toBe("POST /containers/prune requires minimum API version 1.25");
  });
});

describe("ping", () => {
  test.each(["GET", "HEAD"])("%s has the headers that clients negotiate by", async (method) => {
    const response = await ask(method, "/_ping");
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "api-version": "1.56",
      "docker-experimental": "false",
      ostype: "linux",
      "builder-version": "2",
      swarm: "inactive",
      "cache-control": "no-cache, no-store, must-revalidate",
      pragma: "no-cache",
      server: expect.stringMatching(/^Docker\/[\d.]+ Berth\/[\d.]+ \(linux\)$/),
    });
    expect(await response.text()).toBe(method === "GET" ? "OK" : "");
  });
});

describe("errors", () => {
  test.each([
    ["GET", "/nonsense"],
    ["POST", "/version"],
    ["GET", "/v1.41/nonsense/x"],
    ["GET", "/containers/%zz/json"],
  ])("%s %s is no page", async (method, path) => {
    const response = await ask(method, path);
    expect(response.status).toBe(404);
    expect(await message(response)).toBe("page not found");
  });
  test.each<[string, string, number, string]>([
    ["GET", "/containers/nonesuch/json", 404, "No such container: nonesuch"],
    ["GET", "/images/nonesuch/json", 404, "No such image: nonesuch:latest"],
    ["GET", "/networks/nonesuch", 404, "network nonesuch not found"],
    ["GET", "/exec/nonesuch/json", 404, "No such exec instance: nonesuch"],
    ["GET", "/containers/json?filters=nonsense", 400, "invalid filter"],
    ["GET", "/containers/json?filters=%7B%22nonsense%22%3A%5B%22x%22%5D%7D", 400, "invalid filter 'nonsense'"],
    ["GET", "/containers/json?limit=x", 400, 'strconv.Atoi: parsing "x": invalid syntax'],
    ["POST", "/containers/x/resize?h=-1&w=2", 400, 'invalid resize height "-1": value out of range'],
    ["POST", "/containers/x/wait?condition=y", 400, 'invalid condition: "y"'],
    ["GET", "/containers/x/logs", 400, "Bad parameters: you must choose at least one stream"],
    [
      "GET",
      "/containers/x/logs?stdout=1&since=y",
      400,
      'invalid value for "since": invalid timestamp "y": invalid seconds "y": invalid syntax',
    ],
    ["HEAD", "/containers/x/archive", 400, ""],
    ["GET", "/containers/x/archive", 400, "bad parameter: path cannot be empty"],
    ["GET", "/events?since=5&until=3", 400, "`since` time (5) cannot be after `until` time (3)"],
    ["GET", "/system/df?type=x", 400, "unknown object type: x"],
    [
      "GET",
      "/swarm",
      503,
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node ' +
        "to swarm and try again.",
    ],
    [
      "GET",
      "/services",
      503,
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node ' +
        "to swarm and try again.",
    ],
    ["GET", "/plugins/x/json", 404, 'plugin "x" not found'],
    ["PUT", "/volumes/x?version=1", 503, "volume update only valid for cluster volumes, but swarm is unavailable"],
  ])("%s %s: %d %s", async (method, path, status, text) => {
    const response = await ask(method, path);
    expect(response.status).toBe(status);
    if (method !== "HEAD") expect(await message(response)).toBe(text);
  });
});

describe("bodies", () => {
  const create = (body: string, type = "application/json") =>
    ask("POST", "/containers/create", { "Content-Type": type }, body);
  test.each<[string, string, string]>([
    ["{", "application/json", "invalid JSON: unexpected EOF"],
    ["", "application/json", "invalid JSON: got EOF while reading request body"],
    ["{}", "text/plain", "unsupported Content-Type header (text/plain): must be 'application/json'"],
    ["{}", "nonsense", "malformed Content-Type header (nonsense): mime: expected slash after first token"],
    [
      '{"Image":5}',
      "application/json",
      "invalid JSON: json: cannot unmarshal number into Go struct field CreateRequest.Image of type string",
    ],
    [
      '{"Image":"busybox","HostConfig":{"Memory":"much"}}',
      "application/json",
      "invalid JSON: json: cannot unmarshal string into Go struct field CreateRequest.HostConfig.Memory of type int64",
    ],
    [
      '{"Image":"busybox","HostConfig":{"Mounts":[{"Type":"odd","Target":"/x"}]}}',
      "application/json",
      'invalid mount config for type "odd": mount type unknown',
    ],
  ])("%p as %s: %s", async (body, type, text) => {
    const response = await create(body, type);
    expect(response.status).toBe(400);
    expect(await message(response)).toBe(text);
  });
  test("a body beyond all bounds is refused", async () => {
    expect(await message(await create(`{"Image":"${"x".repeat(17 * 1024 * 1024)}"}`))).toBe(
      "the request body is too large",
    );
  });
  test("a start with a body is refused", async () => {
    expect(
      await message(await ask("POST", "/containers/x/start", { "Content-Type": "application/json" }, '{"Binds":[]}')),
    ).toContain("non-empty request body");
  });
});

test("one connection carries many requests, and one that streams", async () => {
  using connection = new RawConnection(daemon.socket);
  for (let i = 0; i < 50; i++) {
    connection.request("GET", i % 2 ? "/_ping" : "/containers/json");
    const answer = await connection.answer();
    expect(answer.status).toBe(200);
    expect(String(answer.body)).toBe(i % 2 ? "OK" : "[]\n");
  }
  connection.request("GET", `/events?since=1&until=${Math.floor(Date.now() / 1000) - 1000}`);
  expect((await connection.answer()).status).toBe(200);
  connection.request("GET", "/_ping");
  expect(String((await connection.answer()).body)).toBe("OK");
});

test("OPTIONS is answered everywhere", async () => expect((await ask("OPTIONS", "/anything")).status).toBe(200));

test("a hundred requests at once", async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => ask("GET", "/info").then((response) => response.status)),
  );
  expect(new Set(answers)).toEqual(new Set([200]));
});
