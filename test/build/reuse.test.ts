/** What a build need not do again: cached steps, equal builds at once, caches within images. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, freePort, sh, until } from "../harness.ts";
import { BuildClient, docker } from "./client.ts";

let daemon: Daemon;
const client = new BuildClient();
const { scratch, context, build, inside } = client;

beforeAll(async () => {
  daemon = await client.start();
});
afterAll(() => client[Symbol.asyncDispose]());

test("the cache travels within images through a registry", async () => {
  const port = freePort();
  writeFileSync(
    join(scratch, "registry.yml"),
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${join(scratch, "registry")}}}\n` +
      `http: {addr: "127.0.0.1:${port}"}\n`,
  );
  const registry = Bun.spawn(["docker-registry", "serve", join(scratch, "registry.yml")], {
    stdout: "ignore",
    stderr: "ignore",
  });
  try {
    await until("the registry", () =>
      fetch(`http://127.0.0.1:${port}/v2/`).then(
        (r) => r.ok,
        () => false,
      ),
    );
    const name = `localhost:${port}/cached:1`;
    const root = context(
      "FROM busybox\nCOPY f /f\nRUN head -c 16 /dev/urandom | od -x > /random\nENV A=1\nRUN echo last > /last",
      { f: "1" },
    );
    await build("-t", name, "--build-arg", "BUILDKIT_INLINE_CACHE=1", root);
    const random = await inside(name, "cat /random");
    await daemon.ok("push", name);
    await using other = await Daemon.start();
    const built = await sh([docker, "build", "-t", "again", "--cache-from", name, root], {
      env: { DOCKER_HOST: other.host, DOCKER_BUILDKIT: "0" },
    });
    expect(built.stdout.match(/Using cache/g)?.length).toBe(4);
    expect(await other.ok("run", "--rm", "again", "cat", "/random")).toBe(random);
  } finally {
    registry.kill();
    await registry.exited;
  }
});

test("equal builds at the same time do their work once", async () => {
  const root = context("FROM busybox\nRUN sleep 1; head -c 16 /dev/urandom | od -x > /random");
  const ids = await Promise.all([build("-q", root), build("-q", root), build("-q", root)]);
  expect(new Set(ids).size).toBe(1);
});

test("a stage made anew with --no-cache-filter; steps that lock the same caches get along", async () => {
  const root = context(
    "FROM busybox AS One\nRUN head -c 8 /dev/urandom | od -x > /r\nFROM busybox AS two\nRUN head -c 9 " +
      "/dev/urandom | od -x > /r\nFROM busybox\nCOPY --from=one /r /one\nCOPY --from=two /r /two",
  );
  const look = async (...args: string[]) => {
    const built = await daemon.berth("build", "-q", "-t", "filtered", ...args, root);
    expect(built.exitCode === 0 ? "" : built.stderr).toBe("");
    return (await inside("filtered", "cat /one; echo; cat /two")).split("\n\n");
  };
  const [one, two] = await look();
  const [oneAgain, twoAgain] = await look("--no-cache-filter", "One");
  expect(oneAgain).not.toBe(one ?? "");
  expect(twoAgain).toBe(two ?? "");
  const mount = (id: string, target: string) => `--mount=type=cache,id=${id},target=${target},sharing=locked`;
  await build(
    context(
      `FROM busybox AS a\nRUN ${mount("x", "/1")} ${mount("y", "/2")} ${mount("x", "/3")} sleep 0.3; echo a > ` +
        `/a\nFROM busybox AS b\nRUN ${mount("y", "/1")} ${mount("x", "/2")} sleep 0.3; echo b > /b\nFROM busybox\n` +
        "COPY --from=a /a /\nCOPY --from=b /b /",
    ),
  );
});

test("a stage made again with the same files lets what copies from it stay in the cache", async () => {
  const files = (text: string) => ({ main: "same", other: text });
  const dockerfile =
    "FROM busybox AS maker\nCOPY . /src/\nRUN mkdir /out && cp /src/main /out/\nFROM busybox\nCOPY " +
    "--from=maker /out /out\nRUN echo expensive > /result";
  const first = (await build("-q", context(dockerfile, files("1")))).trim();
  expect((await build("-q", context(dockerfile, files("2")))).trim()).toBe(first);
});

test("the cache keeps within its limit, and a base may lose its name while a build stands upon it", async () => {
  await using small = await Daemon.start({ args: [] });
  const dockerHost = { DOCKER_HOST: small.host, DOCKER_BUILDKIT: "0" };
  mkdirSync(join(scratch, "limit"), { recursive: true });
  const base = await sh(
    [docker, "build", "-q", "-t", "base", context("FROM busybox\nRUN head -c 3000000 /dev/urandom > /big")],
    { env: dockerHost },
  );
  expect(base.exitCode).toBe(0);
  const running = sh(
    [
      docker,
      "build",
      "-t",
      "upon",
      context("FROM base\nRUN echo started; sleep 2; wc -c < /big > /size\nRUN cat /big | wc -c > /again"),
    ],
    { env: dockerHost },
  );
  await until("the step to run", async () => (await small.leftovers()).some((what) => what.startsWith("cgroup")));
  await small.docker("rmi", "-f", "base");
  await small.api("POST", "/build/prune?all=1");
  const ended = await running;
  expect(ended.exitCode === 0 ? "" : ended.stdout + ended.stderr).toBe("");
  expect(await small.ok("run", "--rm", "upon", "cat", "/size", "/again")).toBe("3000000\n3000000");
  await small.ok("rmi", "upon");
  const pruned = await small.api("POST", "/build/prune?all=1");
  expect(pruned.json.SpaceReclaimed).toBeGreaterThan(2_900_000);
  expect((await small.api("GET", "/system/df")).json.BuildCache ?? []).toEqual([]);
});
