/** What the steps of a build find: networks, names of hosts, limits, secrets, agents, caches. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rootfsTar } from "../../scripts/images.ts";
import { sh } from "../harness.ts";
import { Buildx } from "./rig.ts";
import { names, step } from "./told.ts";

const rig = new Buildx();
const { build, fails, context } = rig;
beforeAll(async () => {
  await rig.start();
  await rig.ok("import", await rootfsTar("debian"), "debian");
}, 900_000);
afterAll(() => rig[Symbol.asyncDispose]());

/** What a script prints as the one step of a build. */
async function said(script: string, ...args: string[]): Promise<string[]> {
  const built = await build([...args, "--no-cache", context(`FROM busybox\nRUN ${script}\n`)]);
  return step(built, `[2/2] RUN ${script}`).logs;
}

test("--network none has only the loopback, host is the machine's; another is refused by the client", async () => {
  expect(await said("ls /sys/class/net", "--network", "none")).toEqual(["lo"]);
  const namespace = (network: string) => said("readlink /proc/self/ns/net", "--network", network);
  const machine = await namespace("host");
  expect(await namespace("host")).toEqual(machine);
  expect(await namespace("default")).not.toEqual(machine);
  const { error } = await fails(["--network", "elsewhere", context("FROM busybox\nRUN true\n")]);
  expect(error).toStartWith('network mode "elsewhere" not supported by buildkit');
});

test("a step may ask for no network; for the machine's only if the client allows it", async () => {
  const none = await build(["--no-cache", context("FROM busybox\nRUN --network=none ls /sys/class/net\n")]);
  expect(step(none, "[2/2] RUN --network=none ls /sys/class/net").logs).toEqual(["lo"]);
  const host = context("FROM busybox\nRUN --network=host ls /sys/class/net\n");
  const { error } = await fails([host]);
  expect(error).toEndWith("network.host is not allowed");
  await build(["--allow", "network.host", host]);
});

test("--add-host adds lines, also for the machine itself", async () => {
  const hosts = await said("cat /etc/hosts", "--add-host", "x:1.2.3.4", "--add-host", "gw:host-gateway");
  const lines = hosts.map((line) => line.split(/\s+/));
  expect(lines).toContainEqual(expect.arrayContaining(["127.0.0.1", "localhost"]));
  expect(lines).toContainEqual(["::1", "localhost", "ip6-localhost", "ip6-loopback"]);
  expect(lines).toContainEqual(["1.2.3.4", "x"]);
  expect(lines).toContainEqual([expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/), "gw"]);
});

test("--shm-size, --ulimit and --cgroup-parent", async () => {
  const limits = await said("df -k /dev/shm | tail -1; ulimit -n", "--shm-size", "128m", "--ulimit", "nofile=100:200");
  expect(limits.map((line) => line.split(/\s+/)[1] ?? line)).toEqual(["131072", "100"]);
});

const withSecrets = [
  "FROM busybox",
  "RUN --mount=type=secret,id=s,required cat /run/secrets/s",
  'RUN --mount=type=secret,id=e,env=E echo "env $E"',
  "RUN --mount=type=secret,id=e,target=/where,mode=0440,uid=7 stat -c '%a %u' /where",
].join("\n");

test("secrets from a file and from the environment are there for their step, and nowhere else", async () => {
  writeFileSync(join(rig.scratch, "secret"), "topsecret\n");
  const args = ["--secret", `id=s,src=${rig.scratch}/secret`, "--secret", "id=e,env=E", "-t", "secrets"];
  const built = await build([...args, context(withSecrets)], { env: { E: "fromenv" } });
  const run = "[stage-0 2/4] RUN --mount=type=secret,id=s,required cat /run/secrets/s";
  expect(step(built, run).logs).toEqual(["topsecret"]);
  expect(step(built, '[stage-0 3/4] RUN --mount=type=secret,id=e,env=E echo "env ****"').logs).toEqual(["env fromenv"]);
  expect(built.steps.find(({ name }) => name.includes("4/4"))?.logs).toEqual(["440 7"]);
  expect(await rig.inside("secrets", "cat /run/secrets/s /where 2>&1 | grep -c 'No such'")).toBe("2");
  const history = await rig.ok("history", "--no-trunc", "--format", "{{.CreatedBy}}", "secrets");
  expect(history).not.toMatch(/topsecret|fromenv/);
});

test("a secret that is needed and not given fails the step; one that is not needed is not there", async () => {
  const { error, excerpt, steps } = await fails(["--no-cache", context(withSecrets)]);
  expect(error).toBe("failed to solve: secret s: not found");
  expect(excerpt[0]).toBe("Dockerfile:2");
  expect(steps.find(({ end }) => end === "error")).toMatchObject({
    name: "[stage-0 2/4] RUN --mount=type=secret,id=s,required cat /run/secrets/s",
    error: "secret s: not found",
  });
  const script = "RUN --mount=type=secret,id=z ls -A /run/secrets 2>/dev/null; echo after";
  const built = await build(["--no-cache", context(`FROM busybox\n${script}\n`)]);
  expect(step(built, `[stage-0 2/2] ${script}`).logs).toEqual(["after"]);
  const missing = await fails(["--secret", "id=s,src=/nonexistent", context(withSecrets)]);
  expect(missing.error).toBe("failed to stat /nonexistent: stat /nonexistent: no such file or directory");
});

test("an ssh agent of the client answers in the step", async () => {
  const folder = mkdtempSync(join(rig.scratch, "agent-"));
  const agent = Bun.spawn(["ssh-agent", "-D", "-a", join(folder, "socket")], { stdout: "ignore", stderr: "ignore" });
  try {
    await sh(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "key of the test", "-f", join(folder, "key")]);
    const added = await sh(["ssh-add", join(folder, "key")], { env: { SSH_AUTH_SOCK: join(folder, "socket") } });
    expect(added.stderr).toContain("Identity added");
    // Asks for the identities, as the agent's protocol has it: length 1, message 11.
    const script =
      `RUN --mount=type=ssh perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Peer => $ENV{SSH_AUTH_SOCK}); ` +
      `print $s "\\0\\0\\0\\1\\13"; $s->flush; sysread $s, $b, 500, length $b until $b =~ /(key of the test)/; ` +
      `print $1' && ` +
      `stat -c ' %a %u' $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK`;
    const built = await build(["--no-cache", "--ssh", "default", context(`FROM debian\n${script}\n`)], {
      env: { SSH_AUTH_SOCK: join(folder, "socket") },
    });
    const [{ logs } = { logs: [] }] = built.steps.filter(({ name }) => name.includes("2/2"));
    expect(logs).toEqual(["key of the test 600 0", "/run/buildkit/ssh_agent.0"]);
  } finally {
    agent.kill();
    await agent.exited;
  }
});

test("an agent that is needed and not given fails the step", async () => {
  const { error, excerpt } = await fails([context("FROM busybox\nRUN --mount=type=ssh,required true\n")]);
  expect(error).toBe("failed to solve: unset ssh forward key default");
  expect(excerpt[0]).toBe("Dockerfile:2");
});

test("a cache mount is kept from build to build; a bind mount shows the context", async () => {
  const root = context(
    [
      "FROM busybox",
      "ARG TIME",
      "RUN --mount=type=cache,id=kept,target=/kept cat /kept/* 2>/dev/null; echo was >/kept/file",
      "RUN --mount=type=bind,target=/here --mount=type=tmpfs,target=/tmp cat /here/f",
    ].join("\n"),
    { f: "of the context\n" },
  );
  const logs = async (...args: string[]) => {
    const built = await build([...args, root]);
    expect(names(built)).toContain("[internal] load build context");
    return built.steps.filter(({ name }) => name.includes("RUN")).flatMap((each) => each.logs);
  };
  expect(await logs("--no-cache", "--build-arg", "TIME=1")).toEqual(["of the context"]);
  expect(await logs("--build-arg", "TIME=2")).toEqual(["was", "of the context"]);
});
