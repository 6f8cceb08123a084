/** Every Dockerfile of the corpus is built here and by buildah; configuration and files must be the same. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { Daemon, dockerClients, sh, until } from "../harness.ts";
import { type Case, corpus } from "./corpus.ts";

let daemon: Daemon;
const scratch = mkdtempSync("/tmp/berth-build-");
const storage = ["--root", join(scratch, "storage"), "--runroot", join(scratch, "run"), "--storage-driver", "vfs"];

beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok("tag", "busybox", "localhost/base");
  await Bun.write(join(scratch, "base/Dockerfile"), 'FROM scratch\nADD rootfs.tar /\nCMD ["sh"]');
  await sh(["cp", await rootfsTar("busybox"), join(scratch, "base/rootfs.tar")]);
  const made = await sh([
    "buildah",
    ...storage,
    "bud",
    "--isolation",
    "chroot",
    "-t",
    "localhost/base",
    join(scratch, "base"),
  ]);
  if (made.exitCode !== 0) throw new Error(made.stderr);
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

async function makeContext(each: Case): Promise<string> {
  const root = mkdtempSync(join(scratch, "context-"));
  writeFileSync(join(root, "Dockerfile"), each.dockerfile);
  for (const [key, content] of Object.entries(each.files ?? {})) {
    const [name = "", mode] = key.split("|");
    const path = join(root, name);
    mkdirSync(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (name.endsWith("/")) continue;
    if (content.startsWith("-> ")) {
      symlinkSync(content.slice(3), path);
      continue;
    }
    if (content.startsWith("TAR:")) {
      const [inner = "", text = ""] = content.slice(4).split("=");
      const packed = mkdtempSync(join(scratch, "tar-"));
      await Bun.write(join(packed, inner), text);
      await sh(["tar", "-C", packed, "-czf", path, inner]);
      continue;
    }
    writeFileSync(path, content);
    chmodSync(path, mode ? Number.parseInt(mode, 8) : 0o644);
  }
  return root;
}

const build = (...args: string[]) =>
  sh([dockerClients[0] ?? "docker", "build", ...args], { env: { DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0" } });

/** Path, kind, mode, owner, size and link target of everything, without what each builder's own runtime adds. */
const listing =
  "find / -xdev ! -path / ! -path /etc/mtab ! -path '/proc*' ! -path '/sys*' ! -path '/dev*' ! -path " +
  "'/etc/hosts' ! -path '/etc/resolv.conf' ! -path '/etc/hostname' ! -path '/run*' ! -path '/.dockerenv' -exec " +
  "stat -c '%n %f %u %g %N' {} + | sort";

describe.each(corpus.map((each) => [each.name, each] as const))("%s", (_name, each) => {
  test("is what it should be", async () => {
    const context = await makeContext(each);
    const args = [
      ...Object.entries(each.args ?? {}).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
      ...(each.target ? ["--target", each.target] : []),
    ];
    const tag = `case${corpus.indexOf(each)}`;
    const built = await build("-t", tag, ...args, context);
    expect(built.stderr.replace(/^DEPRECATED[\s\S]*?\n\n/, "") + (built.exitCode === 0 ? "" : built.stdout)).toBe("");

    const inspected = JSON.parse(await daemon.ok("image", "inspect", tag))[0];
    for (const [key, value] of Object.entries(each.config ?? {})) expect(inspected.Config[key] ?? null).toEqual(value);
    for (const [path, content] of Object.entries(each.expect ?? {})) {
      expect(
        await sh(
          [
            dockerClients[0] ?? "docker",
            "run",
            "--rm",
            "--user",
            "0",
            "--entrypoint",
            "/bin/busybox",
            tag,
            "cat",
            path,
          ],
          { env: { DOCKER_HOST: daemon.host } },
        ),
      ).toMatchObject({ stderr: "", stdout: content });
    }
    if (each.onlyOurs || each.dockerfile.includes("FROM scratch")) return;

    const theirs = await sh([
      "buildah",
      ...storage,
      "bud",
      "--isolation",
      "chroot",
      "--format",
      "docker",
      "-t",
      tag,
      ...args,
      context,
    ]);
    expect(theirs.stderr + (theirs.exitCode === 0 ? "" : theirs.stdout)).not.toContain("error");
    const container = (await sh(["buildah", ...storage, "from", `localhost/${tag}`])).stdout.trim();
    const mounted = (await sh(["buildah", ...storage, "mount", container])).stdout.trim();
    const want = await sh(["chroot", mounted, "/bin/sh", "-c", listing]);
    await sh(["buildah", ...storage, "rm", container]);
    const have = await sh(
      [dockerClients[0] ?? "docker", "run", "--rm", "--user", "0", "--entrypoint", "/bin/sh", tag, "-c", listing],
      { env: { DOCKER_HOST: daemon.host } },
    );
    expect(have.stdout.split("\n")).toEqual(want.stdout.split("\n"));
  });
});

test("a failing step ends the build with its exit code and output", async () => {
  const context = await makeContext({
    name: "",
    dockerfile: "FROM localhost/base\nRUN echo before; exit 7\nRUN echo never",
  });
  const result = await build(context);
  expect(result.exitCode).toBe(7);
  expect(result.stdout).toContain("before");
  expect(result.stdout).not.toContain("never\n");
  expect(result.stderr).toContain("The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7");
});

test("mistakes are told with file, line and source", async () => {
  const unknown = await build(await makeContext({ name: "", dockerfile: "FROM localhost/base\nRUM true" }));
  expect(unknown.exitCode).toBe(1);
  expect(unknown.stderr).toContain("Dockerfile:2");
  expect(unknown.stderr).toContain(">>> RUM true");
  expect(unknown.stderr).toContain("unknown instruction: RUM (did you mean RUN?)");
  const missing = await build(await makeContext({ name: "", dockerfile: "FROM localhost/base\nCOPY nope /x" }));
  expect(missing.stderr).toContain('"/nope": not found');
  expect((await build(await makeContext({ name: "", dockerfile: "FROM localhost/no-such-base" }))).stderr).toContain(
    "localhost/no-such-base",
  );
});

test(
  "a second build takes everything from the cache and gives the same image; a changed file changes what follows " +
    "it",
  async () => {
    const context = await makeContext({
      name: "",
      dockerfile: "FROM localhost/base\nRUN head -c 8 /dev/urandom > /random\nCOPY f /f\nRUN cat /f > /g",
      files: { f: "1" },
    });
    const first = (await build("-q", context)).stdout;
    expect((await build("-q", context)).stdout).toBe(first);
    writeFileSync(join(context, "f"), "2");
    const changed = await build("-t", "changed", context);
    expect(changed.stdout.match(/Using cache/g)?.length).toBe(1);
    expect(await daemon.ok("run", "--rm", "changed", "cat", "/g")).toBe("2");
    expect((await build("--no-cache", "-q", context)).stdout).not.toBe(first);
  },
);

test("secrets reach the step that asks, and nothing else", async () => {
  const context = await makeContext({
    name: "",
    dockerfile:
      "FROM localhost/base\nRUN --mount=type=secret,id=key cat /run/secrets/key | wc -c > /size\nRUN " +
      '--mount=type=secret,id=key,env=KEY test -n "$KEY"\nRUN test ! -e /run/secrets/key',
  });
  const tar = await sh(["tar", "-C", context, "-cf", join(context, "..", "secret.tar"), "."]);
  expect(tar.exitCode).toBe(0);
  const secret = "hunter2-hunter2";
  const header = Buffer.from(JSON.stringify({ key: Buffer.from(secret).toString("base64") })).toString("base64");
  const response = await fetch("http://d/build?t=secret", {
    unix: daemon.socket,
    method: "POST",
    body: Bun.file(join(scratch, "secret.tar")),
    headers: { "x-berth-secrets": header },
  });
  const text = await response.text();
  expect(text).toContain("Successfully tagged");
  expect(text).not.toContain(secret);
  expect(await daemon.ok("run", "--rm", "secret", "cat", "/size")).toBe(String(secret.length));
  expect(await daemon.ok("history", "--no-trunc", "secret")).not.toContain(secret);
  expect((await sh(["grep", "-rl", secret, daemon.dataRoot, daemon.execRoot])).stdout).toBe("");
});

test("a hostile context stays in its place", async () => {
  const outside = mkdtempSync(join(scratch, "outside-"));
  writeFileSync(join(outside, "secret"), "host file");
  const context = await makeContext({
    name: "",
    dockerfile: "FROM localhost/base\nCOPY link /got",
    files: { link: `-> ${outside}/secret` },
  });
  const escaped = await build(context);
  expect(escaped.exitCode).toBe(1);
  expect(escaped.stderr).toContain("not found");
  writeFileSync(join(scratch, "evil.tar"), "");
  await sh(["tar", "-P", "--transform", "s,^,../../,", "-C", context, "-cf", join(scratch, "evil.tar"), "Dockerfile"]);
  const response = await fetch("http://d/build", {
    unix: daemon.socket,
    method: "POST",
    body: Bun.file(join(scratch, "evil.tar")),
  });
  expect(await response.text()).toContain("outside of it");
  expect(response.status).toBe(400);
});

test("cycles, absurd numbers of stages and endless output are withstood", async () => {
  expect(
    (await build(await makeContext({ name: "", dockerfile: "FROM localhost/base AS a\nCOPY --from=a / /" }))).stderr,
  ).toContain("circular dependency");
  const stages = Array.from({ length: 2000 }, (_, index) => `FROM localhost/base AS s${index}\nENV I=${index}`).join(
    "\n",
  );
  expect((await build("-q", await makeContext({ name: "", dockerfile: stages }))).exitCode).toBe(0);
  const before = (await sh(["grep", "VmRSS", `/proc/${daemon.pid}/status`])).stdout;
  const endless = await makeContext({
    name: "",
    dockerfile: "FROM localhost/base\nRUN yes 'a long line of output that never ends' | head -c 100000000",
  });
  expect((await build("-q", endless)).exitCode).toBe(0);
  const rss = (text: string) => Number(/\d+/.exec(text)?.[0] ?? 0) / 1024;
  expect(rss((await sh(["grep", "VmRSS", `/proc/${daemon.pid}/status`])).stdout) - rss(before)).toBeLessThan(200);
});

/** Waits until a stream has brought a text. */
async function told(stream: ReadableStream<Uint8Array>, text: string): Promise<void> {
  let read = "";
  for await (const chunk of stream) {
    read += Buffer.from(chunk).toString();
    if (read.includes(`\n${text}`)) return;
  }
  throw new Error(`never told ${text}: ${read}`);
}

test(
  "a client that leaves ends its build; kill -9 in " + "mid-build leaves nothing behind and the cache intact",
  async () => {
    const context = await makeContext({
      name: "",
      dockerfile:
        "FROM localhost/base AS other\nFROM localhost/base\nRUN echo first > /first\nRUN --mount=from=other," +
        "target=/o --mount=target=/c,rw echo running; sleep 1000",
    });
    const child = Bun.spawn([dockerClients[0] ?? "docker", "build", context], {
      env: { ...process.env, DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0" },
      stdout: "pipe",
      stderr: "ignore",
    });
    const sleeping = async () => (await daemon.leftovers()).some((what) => what.startsWith("cgroup"));
    await told(child.stdout, "running\n");
    child.kill();
    await until("the step to end", async () => !(await sleeping()));
    const again = Bun.spawn([dockerClients[0] ?? "docker", "build", context], {
      env: { ...process.env, DOCKER_HOST: daemon.host, DOCKER_BUILDKIT: "0" },
      stdout: "pipe",
      stderr: "ignore",
    });
    await told(again.stdout, "running\n");
    await daemon.kill();
    await again.exited;
    await daemon.up();
    await until("a clean machine", async () => (await daemon.strays()).length === 0);
    expect(readdirSync(join(daemon.execRoot, "builds"))).toEqual([]);
    expect(readdirSync(join(daemon.dataRoot, "tmp")).filter((name) => name !== "images")).toEqual([]);
    writeFileSync(join(context, "Dockerfile"), "FROM localhost/base\nRUN echo first > /first");
    expect((await build(context)).stdout).toContain("Using cache");
  },
);

test("the transcript tells a step's lines one by one, errors of programs in red", async () => {
  const context = join(scratch, "told.tar");
  await Bun.write(join(scratch, "told/Dockerfile"), "FROM busybox\nRUN echo wrong >&2\nRUN true\n");
  await sh(["tar", "-C", join(scratch, "told"), "-cf", context, "."]);
  const lines = async () =>
    (await (await fetch("http://d/build", { unix: daemon.socket, method: "POST", body: Bun.file(context) })).text())
      .trim()
      .split("\n")
      .map((line) => String(JSON.parse(line).stream));
  expect(await lines()).toContain("\x1b[91mwrong\n\x1b[0m");
  expect((await lines()).filter((line) => line === " ---> Using cache\n")).toHaveLength(2);
});
