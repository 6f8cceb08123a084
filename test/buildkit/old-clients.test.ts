/** Clients from before buildx (`docker` 20.10, docker-compose 1) build by a session beside `POST /build?version=2`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { writeContext } from "../build/context.ts";
import { Daemon, sh, until } from "../harness.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-old-");
const agent = join(scratch, "agent");
/** Answers what it is told, as an agent would. */
const server = createServer((socket) => {
  socket.on("data", (data) => socket.end(`agent heard ${data}`));
});

beforeAll(async () => {
  daemon = await Daemon.start();
  await new Promise<void>((resolve) => server.listen(agent, resolve));
});
afterAll(async () => {
  server.close();
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/** Debian's, with no plugins. */
const docker = "/usr/bin/docker";
const env = (more: Record<string, string> = {}) => ({
  DOCKER_HOST: daemon.host,
  DOCKER_CONFIG: join(scratch, "config"),
  HOME: scratch,
  PATH: `/usr/bin:${process.env.PATH}`,
  ...more,
});
const run = (args: string[], options: { input?: string | Uint8Array; env?: Record<string, string> } = {}) =>
  sh([docker, ...args], { ...options, env: env(options.env) });
const build = async (args: string[], input?: string | Uint8Array): Promise<string> => {
  const done = await run(["build", "--progress", "plain", ...args], input === undefined ? {} : { input });
  expect(done.exitCode === 0 ? "" : done.stdout + done.stderr).toBe("");
  return done.stderr;
};
const cat = async (image: string, path: string) => (await daemon.ok("run", "--rm", image, "cat", path)).trim();

const dockerfile = "FROM busybox\nARG WHO=you\nCOPY a.txt /\nRUN echo hello $WHO >/hello && cat /hello\n";

test("it builds by BuildKit without being told to, and by the classic builder where it is told to", async () => {
  const folder = writeContext(scratch, {
    Dockerfile: dockerfile,
    "a.txt": "A",
    "left.txt": "",
    ".dockerignore": "left*",
  });
  const told = await build(["-t", "old-plain", "--build-arg", "WHO=me", folder]);
  expect(told).toContain("[1/3] FROM docker.io/library/busybox");
  expect(told).toMatch(/#\d+ [\d.]+ hello me\n/);
  expect(told).toContain("naming to docker.io/library/old-plain:latest done");
  expect(await cat("old-plain", "/hello")).toBe("hello me");

  const quiet = await run(["build", "-q", "--iidfile", join(scratch, "iid"), "--build-arg", "WHO=me", folder]);
  expect(quiet.stdout.trim()).toBe((await daemon.ok("inspect", "-f", "{{.Id}}", "old-plain")).trim());
  expect(readFileSync(join(scratch, "iid"), "utf8")).toBe(quiet.stdout.trim());

  const classic = await run(["build", "--build-arg", "WHO=me", folder], { env: { DOCKER_BUILDKIT: "0" } });
  expect(classic.stdout).toContain("Step 1/4 : FROM busybox");
  expect(classic.stdout).toContain("---> Using cache");
});

test("a context or a Dockerfile on standard input, and files and archives as output", async () => {
  const folder = writeContext(scratch, {
    Dockerfile: "FROM scratch\nCOPY a.txt /\n",
    "a.txt": "A",
    Other: "FROM busybox\n",
  });
  const tar = await sh(["sh", "-c", `tar -C ${folder} -c . | base64 -w0`]);
  const archive = Buffer.from(tar.stdout, "base64");
  await build(["-t", "old-tar", "-"], archive);
  await build(["-t", "old-other", "-f", "Other", "-"], archive);
  await build(["-t", "old-stdin", "-f", "-", folder], "FROM busybox\nCOPY a.txt /b.txt\n");
  expect(await cat("old-stdin", "/b.txt")).toBe("A");
  await build(["-t", "old-alone", "-"], "FROM busybox\nRUN echo alone >/x\n");
  expect(await cat("old-alone", "/x")).toBe("alone");

  const out = join(scratch, "out");
  await build(["-o", out, folder]);
  expect(readFileSync(join(out, "a.txt"), "utf8")).toBe("A");
  await build(["-o", `type=tar,dest=${join(scratch, "out.tar")}`, folder]);
  expect((await sh(["tar", "-tf", join(scratch, "out.tar")])).stdout).toBe("a.txt\n");
});

test("secrets and agents", async () => {
  writeFileSync(join(scratch, "secret"), "hush");
  const folder = writeContext(scratch, {
    Dockerfile: [
      "FROM busybox",
      "RUN --mount=type=secret,id=s test $(cat /run/secrets/s) = hush && echo secret is there",
      "RUN --mount=type=ssh test -S $SSH_AUTH_SOCK && echo agent is there",
    ].join("\n"),
  });
  const secret = `id=s,src=${join(scratch, "secret")}`;
  const told = await build(["--secret", secret, "--ssh", `default=${agent}`, folder]);
  expect(told).toContain(" secret is there\n");
  expect(told).toContain(" agent is there\n");
});

test("what fails is said in the words of the builder", async () => {
  const fails = async (text: string, ...args: string[]) => {
    const folder = writeContext(scratch, { Dockerfile: text });
    const done = await run(["build", "--progress", "plain", ...args, folder]);
    expect(done.exitCode).toBe(1);
    return done.stderr.trimEnd().split("\n").at(-1);
  };
  expect(await fails("FROM busybox\nRUN echo out; exit 7\n")).toBe(
    'process "/bin/sh -c echo out; exit 7" did not complete successfully: exit code: 7',
  );
  expect(await fails("FROM busybox\n", "--target", "nope")).toBe('target stage "nope" could not be found');
  expect(await fails("FROM busybox\n", "--network", "nosuch")).toBe(
    'Error response from daemon: network mode "nosuch" not supported by buildkit',
  );
  expect(await fails("FROM busybox\n", "-o", "type=nosuch")).toBe(
    'Error response from daemon: exporter "nosuch" could not be found',
  );
});

test("an interrupt ends the running step", async () => {
  const folder = writeContext(scratch, { Dockerfile: "FROM busybox\nRUN echo begun; sleep 4321\n" });
  const child = Bun.spawn([docker, "build", "--progress", "plain", folder], {
    env: { ...process.env, ...env() },
    stderr: "pipe",
    stdout: "ignore",
  });
  let said = "";
  let interrupted = 0;
  for await (const chunk of child.stderr) {
    said += Buffer.from(chunk).toString();
    if (interrupted || !/ begun\n/.test(said)) continue;
    interrupted = Date.now();
    child.kill("SIGINT");
  }
  expect(await child.exited).toBe(1);
  expect(Date.now() - interrupted).toBeLessThan(5_000);
  expect(said).toContain("CANCELED\n");
  expect(said).toEndWith("context canceled\n");
  await until("the step to be gone", async () => (await sh(["pgrep", "-f", "sleep 4321"])).exitCode === 1, 5_000);
});

test("docker-compose 1 has the command line build, as it does unless told not to", async () => {
  const folder = writeContext(scratch, {
    "web/Dockerfile": "FROM busybox\nCOPY page /\n",
    "web/page": "hello",
    "docker-compose.yml": 'version: "3.4"\nservices:\n  web:\n    build: web\n    image: old-compose\n',
  });
  const compose = ["docker-compose", "--no-ansi", "-f", join(folder, "docker-compose.yml"), "build"];
  const done = await sh(compose, { env: env() });
  expect(done.exitCode === 0 ? "" : done.stdout + done.stderr).toBe("");
  expect(done.stdout + done.stderr).toContain("[internal] load build context");
  expect(await cat("old-compose", "/page")).toBe("hello");
});

/** A request that no command line sends, and what came back. */
const post = async (query: string, body?: Uint8Array): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://x/v1.44/build?version=2${query}`, {
    method: "POST",
    unix: daemon.socket,
    ...(body && { body }),
  });
  return { status: response.status, text: await response.text() };
};

test("without a session the request's body is the context", async () => {
  const folder = writeContext(scratch, { Dockerfile: "FROM busybox\nCOPY a.txt /\n", "a.txt": "bare" });
  await sh(["tar", "-C", folder, "-cf", join(scratch, "bare.tar"), "."]);
  const { status, text } = await post("&t=old-bare", readFileSync(join(scratch, "bare.tar")));
  expect(status).toBe(200);
  const events = text
    .trim()
    .split("\r\n")
    .map((line) => JSON.parse(line) as { id: string; aux: { ID: string } });
  expect(new Set(events.map(({ id }) => id))).toEqual(new Set(["moby.buildkit.trace", "moby.image.id"]));
  expect(events.at(-1)?.aux.ID).toBe((await daemon.ok("inspect", "-f", "{{.Id}}", "old-bare")).trim());
  expect(await cat("old-bare", "/a.txt")).toBe("bare");
});

test("requests that never find each other end with words on it, and leave nothing", async () => {
  const [session, upload, build] = await Promise.all([
    post("&session=nobody&remote=client-session"),
    post("&buildid=upload-request:lost", Buffer.from("x")),
    post("&buildid=waits&remote=upload-request"),
  ]);
  expect(session.text).toContain("no active session for nobody: context deadline exceeded");
  expect(upload).toEqual({ status: 400, text: '{"message":"no build lost waits for an upload"}\n' });
  expect(build).toEqual({ status: 400, text: '{"message":"no upload for build waits came"}\n' });
  expect(
    existsSync(join(daemon.execRoot, "builds")) && (await sh(["ls", join(daemon.execRoot, "builds")])).stdout,
  ).toBeFalsy();
});
