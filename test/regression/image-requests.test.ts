/**
 * Requests about images whose right answer is easily missed: references in two parameters, archives and URLs that are
 * none.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const names = async (): Promise<string[]> =>
  (await daemon.api("GET", "/images/json")).json.flatMap((image: { RepoTags: string[] }) => image.RepoTags);

test("the tag beside a reference takes the place of the one in it", async () => {
  expect((await daemon.api("POST", "/images/busybox/tag?repo=tagged:a&tag=b")).status).toBe(201);
  const archive = await new Bun.Archive({ f: "x" }).bytes();
  const imported = await fetch("http://d/images/create?fromSrc=-&repo=imported:a&tag=b", {
    unix: daemon.socket,
    method: "POST",
    body: archive,
  });
  expect(await imported.text()).not.toContain("error");
  const made = await daemon.ok("create", "busybox");
  expect((await daemon.api("POST", `/commit?container=${made}&repo=committed:a&tag=b`)).status).toBe(201);
  expect(await names()).toEqual(expect.arrayContaining(["tagged:b", "imported:b", "committed:b"]));
  expect((await names()).filter((name) => name.endsWith(":a"))).toEqual([]);
  const digest = await daemon.api("POST", `/images/busybox/tag?repo=tagged@sha256:${"a".repeat(64)}&tag=c`);
  expect([digest.status, digest.json.message]).toEqual([400, "cannot import digest reference"]);
});

test.each([
  ["busybox:a", "b"],
  [`busybox@sha256:${"a".repeat(64)}`, "b"],
  ["busybox:a", `sha256:${"b".repeat(64)}`],
])("pulls %s with %s", async (image, tag) => {
  const query = new URLSearchParams({ fromImage: `127.0.0.1:1/${image}`, tag });
  const { status, json } = await daemon.api("POST", `/images/create?${query}`);
  expect([status, json.message]).toEqual([500, expect.stringContaining("connection refused")]);
});

test("an archive that is none is told of in the stream", async () => {
  const reply = await fetch("http://d/images/load", {
    unix: daemon.socket,
    method: "POST",
    body: "noise",
    headers: { "content-type": "application/x-tar" },
  });
  expect(reply.status).toBe(200);
  const told = (await reply.json()) as { error: string; errorDetail: { message: string } };
  expect(told.error).not.toBe("");
  expect(told.errorDetail.message).toBe(told.error);
  const load = await daemon.docker("load", "-i", "/etc/hostname");
  expect(load.exitCode).toBe(1);
});

test("a URL without an archive is told with its server's status and words", async () => {
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => new Response("the reason\n", { status: Number(new URL(request.url).pathname.slice(1)) }),
  });
  for (const [asked, told] of [
    [400, 400],
    [401, 401],
    [403, 403],
    [404, 404],
    [418, 500],
    [503, 500],
  ]) {
    const { status, json } = await daemon.api("POST", `/images/create?fromSrc=${server.url}${asked}&repo=x`);
    expect(status).toBe(told ?? 0);
    expect(json.message).toMatch(
      new RegExp(`^failed to GET ${server.url}${asked} with status ${asked} .*: the reason$`),
    );
  }
  const { status, json } = await daemon.api("POST", "/images/create?fromSrc=http://127.0.0.1:1/x&repo=x");
  expect([status, json.message]).toEqual([
    500,
    expect.stringMatching(/^Get "http:\/\/127.0.0.1:1\/x": dial tcp 127.0.0.1:1: connect: connection refused$/),
  ]);
});

test("nothing but HTTP is followed: not a file of the machine, nor what a registry sends on to", async () => {
  const path = join(daemon.root, "own.tar");
  writeFileSync(path, await new Bun.Archive({ f: "x" }).bytes());
  for (const url of [`file://${path}`, "ftp://127.0.0.1/x"]) {
    const { status, json } = await daemon.api(
      "POST",
      `/images/create?${new URLSearchParams({ fromSrc: url, repo: "own" })}`,
    );
    expect([status, json.message]).toEqual([500, `Get "${url}": unsupported protocol scheme "${url.split(":")[0]}"`]);
  }
  using redirecting = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) =>
      request.url.endsWith("/v2/")
        ? new Response("{}")
        : new Response(null, { status: 307, headers: { location: `file://${path}` } }),
  });
  using tokens = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () =>
      new Response("{}", { status: 401, headers: { "www-authenticate": `Bearer realm="file://${path}",service="s"` } }),
  });
  for (const { port } of [redirecting, tokens]) {
    const { text } = await daemon.api("POST", `/images/create?fromImage=127.0.0.1:${port}/x&tag=y`);
    expect(text).toContain("unsupported protocol scheme");
  }
  expect(await names()).not.toContain("own:latest");
});

test("a registry that does not answer is a failure of the engine's", async () => {
  const nobody = expect.stringMatching(/^Get "https?:\/\/127.0.0.1:1\/v2\/": .*connection refused$/);
  for (const [method, path, body] of [
    ["GET", "/distribution/127.0.0.1:1/x/json"],
    ["POST", "/auth", { serveraddress: "127.0.0.1:1", username: "a", password: "b" }],
  ] as const) {
    const { status, json } = await daemon.api(method, path, body);
    expect([path, status, json.message]).toEqual([path, 500, nobody]);
  }
});

test("names and changes are looked at before what they are for, in Docker's words", async () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const message = async (path: string) => {
    const { status, json } = await daemon.api("POST", path);
    return [status, json.message];
  };
  for (const path of [
    "/images/nobody/tag?repo=a",
    "/commit?container=nobody&repo=a",
    "/images/create?fromSrc=http://127.0.0.1:1/x&repo=a",
    "/images/create?fromImage=busybox",
  ]) {
    expect([path, ...(await message(`${path}&tag=-x`))]).toEqual([path, 400, "invalid tag format"]);
  }
  for (const path of [
    "/images/nobody/tag?",
    "/commit?container=nobody&",
    "/images/create?fromSrc=http://127.0.0.1:1/x&",
  ]) {
    expect([path, ...(await message(`${path}repo=a@${digest}`))]).toEqual([
      path,
      400,
      "cannot import digest reference",
    ]);
    expect([path, ...(await message(`${path}repo=a&tag=${digest}`))]).toEqual([path, 400, "invalid tag format"]);
    expect([path, ...(await message(`${path}repo=BAD`))]).toEqual([
      path,
      400,
      "invalid reference format: repository name (library/BAD) must be lowercase",
    ]);
  }
  expect(await message("/images/busybox/push?tag=-x")).toEqual([400, "invalid tag format"]);
  for (const word of ["FOO", "foo", "RUN", "Copy"]) {
    expect(await message(`/images/create?fromSrc=-&repo=a&changes=${word}%20x`)).toEqual([
      400,
      `${word} is not a valid change command`,
    ]);
  }
});

test("what is imported may be nothing, but nothing else than an archive", async () => {
  using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(null, { status: 204 }) });
  const empty = await daemon.api("POST", `/images/create?fromSrc=${server.url}&repo=empty`);
  expect([empty.status, empty.text]).toEqual([200, expect.stringContaining('"status":"sha256:')]);
  expect((await daemon.api("POST", "/images/create?fromSrc=-&repo=empty")).status).toBe(200);
  for (const [body, told] of [
    ["noise\n", "unexpected EOF"],
    ["no archive at all, but long enough to be one".repeat(20), "archive/tar: invalid tar header"],
  ] as const) {
    const reply = await fetch("http://d/images/create?fromSrc=-&repo=noise", {
      unix: daemon.socket,
      method: "POST",
      body,
    });
    expect([reply.status, await reply.json()]).toEqual([500, { message: told }]);
  }
  const nowhere = await daemon.api("POST", "/images/create?fromSrc=&repo=noise");
  expect([nowhere.status, nowhere.json.message]).toEqual([500, 'Get "http:": http: no Host in request URL']);
  expect(await names()).not.toContain("noise:latest");
});
