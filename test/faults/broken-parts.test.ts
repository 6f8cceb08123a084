/**
 * Parts the engine stands on that break or are killed: runtime, monitor, process, archive, the daemon itself amid work.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Daemon, sh, until } from "../harness.ts";

let daemon: Daemon;
let fragile: string;
beforeAll(async () => {
  daemon = await Daemon.start({
    args: ["--add-runtime", "bad=/nonexistent/runtime", "--add-runtime", "failing=/bin/false"],
  });
  fragile = join(daemon.root, "fragile-runtime");
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const inspect = async (name: string) => (await daemon.api("GET", `/containers/${name}/json`)).json;
const ended = (name: string, within = 10_000) =>
  until(`the end of ${name}`, async () => (await inspect(name)).State.Status === "exited", within);
const clean = async () => {
  expect(
    await until("a clean machine", async () => (await daemon.strays()).length === 0).then(
      () => [],
      () => daemon.strays(),
    ),
  ).toEqual([]);
};
const conmonOf = async (name: string): Promise<number> => {
  const id: string = (await inspect(name)).Id;
  return Number(
    await until("the monitor", () =>
      readdirSync("/proc").find((pid) => {
        if (!/^\d+$/.test(pid)) return false;
        try {
          return (
            readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("conmon") &&
            readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(id)
          );
        } catch {
          return false;
        }
      }),
    ),
  );
};

test.each(["bad", "failing"])("a runtime that cannot run (%s) is a clear error and leaves nothing", async (runtime) => {
  const run = await daemon.docker("run", "--name", "never", "--runtime", runtime, "busybox", "true");
  expect(run.exitCode).toBeGreaterThanOrEqual(125);
  expect(run.stderr).toMatch(runtime === "bad" ? /\/nonexistent\/runtime|no such file|not found/i : /runtime/i);
  if ((await daemon.api("GET", "/containers/never/json")).status === 200) {
    expect((await inspect("never")).State.Running).toBe(false);
    await daemon.ok("rm", "never");
  }
  await clean();
  expect(await daemon.ok("run", "--rm", "busybox", "echo", "fine")).toBe("fine");
});

test(
  "a runtime that disappears while its container runs does " + "not keep the container from being stopped and removed",
  async () => {
    copyFileSync(Bun.which("crun") ?? "/usr/bin/crun", fragile);
    chmodSync(fragile, 0o755);
    await daemon.restart(["--add-runtime", `fragile=${fragile}`]);
    await daemon.ok("run", "-d", "--name", "orphan", "--runtime", "fragile", "busybox", "sleep", "1000");
    rmSync(fragile);
    const exec = await daemon.docker("exec", "orphan", "true");
    expect(exec.exitCode).not.toBe(0);
    expect((await inspect("orphan")).State.Running).toBe(true);
    await daemon.ok("rm", "-f", "orphan");
    await clean();
  },
);

test("a corrupt archive is told and leaves no image and no scratch", async () => {
  // A layer that is already in the store is not read: this one goes with its image.
  await daemon.ok("run", "--name", "maker", "busybox", "cp", "/bin/busybox", "/copy");
  await daemon.ok("commit", "maker", "whole:1");
  await daemon.ok("rm", "maker");
  const archive = Buffer.from(
    await (await fetch("http://d/images/whole:1/get", { unix: daemon.socket })).arrayBuffer(),
  );
  await daemon.ok("rmi", "whole:1");
  const before = (await daemon.api("GET", "/images/json?all=1")).json.length;
  const damaged = Buffer.from(archive);
  // In the middle of both layers, which are nearly all of the archive.
  for (const middle of [archive.length >> 2, 3 * (archive.length >> 2)])
    for (let at = middle; at < middle + 64; at++) damaged[at] = 0xa5 ^ (damaged[at] ?? 0);
  const bad = {
    noise: Buffer.alloc(100_000, "noise "),
    truncated: archive.subarray(0, archive.length >> 1),
    damaged,
    gzip: Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(5000, 7)]),
  };
  for (const [kind, bytes] of Object.entries(bad)) {
    const response = await fetch("http://d/images/load", {
      unix: daemon.socket,
      method: "POST",
      body: new Uint8Array(bytes),
      headers: { "content-type": "application/x-tar" },
    });
    const text = await response.text();
    expect({ kind, failed: !response.ok || text.includes('"error"'), silent: text.trim() === "" }).toEqual({
      kind,
      failed: true,
      silent: false,
    });
  }
  const empty = await fetch("http://d/images/load", { unix: daemon.socket, method: "POST", body: "" });
  await empty.text();
  expect((await daemon.api("GET", "/images/json?all=1")).json.length).toBe(before);
  await until(
    "the scratch to go",
    () =>
      readdirSync(join(daemon.dataRoot, "tmp"), { recursive: true }).filter((name) => String(name).includes("-"))
        .length === 0,
  );
  expect((await daemon.api("GET", "/images/whole:1/json")).status).toBe(404);
  // The whole one still loads.
  expect(
    await (
      await fetch("http://d/images/load", { unix: daemon.socket, method: "POST", body: new Uint8Array(archive) })
    ).text(),
  ).toContain("whole:1");
  expect(await daemon.ok("run", "--rm", "whole:1", "echo", "fine")).toBe("fine");
});

test("a process killed from outside has ended like any other", async () => {
  await daemon.ok("run", "-d", "--name", "struck", "-p", "80", "busybox", "sleep", "1000");
  process.kill((await inspect("struck")).State.Pid, "SIGKILL");
  await ended("struck");
  expect((await inspect("struck")).State).toMatchObject({ ExitCode: 137, OOMKilled: false, Running: false, Pid: 0 });
  await clean();
  await daemon.ok("run", "-d", "--name", "again", "--restart", "always", "busybox", "sleep", "1000");
  const first: number = (await inspect("again")).State.Pid;
  process.kill(first, "SIGKILL");
  await until("the restart", async () => {
    const { State } = await inspect("again");
    return State.Running && State.Pid !== first;
  });
  await daemon.ok("rm", "-f", "struck", "again");
  await clean();
});

test("the monitor killed: the container can still be stopped and removed", async () => {
  await daemon.ok("run", "-d", "--name", "alone", "busybox", "sleep", "1000");
  const conmon = await conmonOf("alone");
  process.kill(conmon, "SIGKILL");
  // Whether the process outlives its monitor is the kernel's affair; what is said of it must be true.
  await Bun.sleep(500);
  const { State } = await inspect("alone");
  expect(State.Running).toBe(
    State.Pid > 0 &&
      (await Bun.file(`/proc/${State.Pid}/stat`)
        .text()
        .then(
          (stat) => !/ Z /.test(stat),
          () => false,
        )),
  );
  await daemon.ok("stop", "-t", "1", "alone");
  await ended("alone");
  await daemon.ok("start", "alone");
  expect(await daemon.ok("exec", "alone", "echo", "back")).toBe("back");
  process.kill(await conmonOf("alone"), "SIGKILL");
  await daemon.ok("rm", "-f", "alone");
  await clean();
});

test("the monitor and the process killed together: the end is known", async () => {
  await daemon.ok("run", "-d", "--name", "both", "busybox", "sleep", "1000");
  const [conmon, pid] = [await conmonOf("both"), (await inspect("both")).State.Pid as number];
  process.kill(conmon, "SIGKILL");
  process.kill(pid, "SIGKILL");
  await ended("both");
  expect((await inspect("both")).State.ExitCode).not.toBe(0);
  await daemon.ok("rm", "both");
  await clean();
});

test("the monitor and the process killed while no daemon runs: the next one knows", async () => {
  await daemon.ok("run", "-d", "--name", "night", "busybox", "sleep", "1000");
  const [conmon, pid] = [await conmonOf("night"), (await inspect("night")).State.Pid as number];
  await daemon.kill();
  process.kill(conmon, "SIGKILL");
  process.kill(pid, "SIGKILL");
  await daemon.up();
  await ended("night");
  expect((await inspect("night")).State.ExitCode).not.toBe(0);
  await daemon.ok("rm", "night");
  await clean();
});

test("SIGTERM amid work: the daemon ends soon, and what it began is whole or gone", async () => {
  const archive = new Uint8Array(
    await (await fetch("http://d/images/busybox/get", { unix: daemon.socket })).arrayBuffer(),
  );
  await daemon.ok("run", "-d", "--name", "stays", "busybox", "sleep", "1000");
  for (const delay of [30, 120, 300]) {
    const follow = fetch("http://d/containers/stays/logs?follow=1&stdout=1", { unix: daemon.socket })
      .then((response) => response.text())
      .catch(() => "");
    const work = Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        const { json } = await daemon.api("POST", `/containers/create?name=term${delay}x${i}`, {
          Image: "busybox",
          Cmd: ["sleep", "1000"],
          HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } },
        });
        await daemon.api("POST", `/containers/${json.Id}/start`);
        await daemon.api("POST", `/commit?container=${json.Id}&repo=term&tag=${i}`);
        await fetch("http://d/images/load", { unix: daemon.socket, method: "POST", body: archive });
      }),
    ).catch(() => {
      /* the daemon is gone */
    });
    await Bun.sleep(delay);
    const began = performance.now();
    await daemon.signal("SIGTERM");
    expect(performance.now() - began).toBeLessThan(8000);
    await Promise.all([work, follow]);
    await daemon.up();
    expect((await inspect("stays")).State.Running).toBe(true);
    for (const { Id, Names } of (await daemon.api("GET", "/containers/json?all=1")).json as {
      Id: string;
      Names: string[];
    }[]) {
      if (Names.includes("/stays")) continue;
      const { State } = await inspect(Id);
      if (!State.Running) expect([204, 304]).toContain((await daemon.api("POST", `/containers/${Id}/start`)).status);
      expect(await daemon.ok("exec", Id, "echo", "ok")).toBe("ok");
      await daemon.ok("rm", "-f", Id);
    }
  }
  await daemon.ok("rm", "-f", "stays");
  await clean();
});

test("a hundred at once all run", async () => {
  const runs = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      sh(["docker", "run", "--rm", "busybox", "echo", `run ${i}`], { env: { DOCKER_HOST: daemon.host } }),
    ),
  );
  expect(runs.map(({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))).toEqual(
    runs.map((_, i) => ({ exitCode: 0, stdout: `run ${i}\n`, stderr: "" })),
  );
  await until("all to be removed", async () => (await daemon.api("GET", "/containers/json?all=1")).json.length === 0);
  await clean();
});
