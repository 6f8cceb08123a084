import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processRuns } from "../../src/linux/proc.ts";
import { attachTask } from "../../src/runtime/attach.ts";
import { deleteTask } from "../../src/runtime/delete.ts";
import { taskDir } from "../../src/runtime/deps.ts";
import { execTask } from "../../src/runtime/exec.ts";
import { takeExecExit } from "../../src/runtime/exec-exits.ts";
import { taskIds } from "../../src/runtime/exits.ts";
import { killTask } from "../../src/runtime/kill.ts";
import { logSize } from "../../src/runtime/logs/files.ts";
import { readLogs } from "../../src/runtime/logs/read.ts";
import { resizeTask } from "../../src/runtime/resize.ts";
import { startTask } from "../../src/runtime/start.ts";
import { readPidFile } from "../../src/runtime/task-record.ts";
import { isAlive, readExit } from "../../src/runtime/task-state.ts";
import { until } from "../harness.ts";
import type { Plan } from "./first-daemon.ts";
import { collect, RuntimeHost, readText } from "./host.ts";

/** Starts containers in a process of its own and kills that without warning; returns their ids. */
async function leftBehind(host: RuntimeHost, plans: Plan[]): Promise<string[]> {
  const daemon = Bun.spawn(
    [process.execPath, join(import.meta.dir, "first-daemon.ts"), host.root, host.instance, JSON.stringify(plans)],
    { stdout: "pipe", stderr: "inherit" },
  );
  let text = "";
  for await (const chunk of daemon.stdout) {
    text += Buffer.from(chunk).toString();
    if (text.includes("\n")) break;
  }
  daemon.kill("SIGKILL");
  await daemon.exited;
  return JSON.parse(text);
}

const decode = (data: Uint8Array) => Buffer.from(data).toString();

describe("a daemon that is killed", () => {
  test("leaves containers running, with a session and a cgroup that are not its own", async () => {
    await using host = new RuntimeHost();
    const [id = ""] = await leftBehind(host, [{ args: ["sleep", "60"] }]);
    expect(isAlive(host.deps, id)).toBe(true);
    const pid = readPidFile(join(taskDir(host.deps, id), "conmon.pid")) ?? 0;
    const session = Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[3]);
    expect(session).toBe(pid);
    for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")) {
      expect(line).toMatch(new RegExp(`:/(berth-${host.instance}-monitors)?$`));
    }
  });

  test("output while it is away is in the log; attach, exec, kill and exit work for the next one", async () => {
    await using host = new RuntimeHost();
    const [id = "", tty = ""] = await leftBehind(host, [
      { args: ["sh", "-c", "n=0; while :; do n=$((n+1)); echo line $n; sleep 0.02; done"], attached: true },
      { args: ["sh"], tty: true, openStdin: true },
    ]);
    await until("some output", async () => (await readText({ path: host.logPath(id) })).includes("line 6\n"));
    host.restart();
    const log = await readText({ path: host.logPath(id) });
    const lines = log.trim().split("\n");
    expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`));

    const io = await attachTask(host.deps, id);
    for await (const { data } of io.frames) {
      expect(decode(data)).toStartWith("line ");
      break;
    }
    const execId = "e".repeat(64);
    const process_ = (await host.spec(id, { Cmd: ["echo", "inside"] })).process;
    const { io: execIo } = await execTask(host.deps, {
      containerId: id,
      execId,
      process: process_,
      tty: false,
      stdin: false,
      attach: true,
    });
    expect(execIo && (await collect(execIo)).stdout).toBe("inside\n");
    expect(await host.exit(execId)).toMatchObject({ containerId: id, exitCode: 0 });

    await resizeTask(host.deps, tty, 33, 44);
    const terminal = await attachTask(host.deps, tty);
    const output = collect(terminal);
    await terminal.write(Buffer.from("stty size; exit 5\n"));
    expect((await output).stdout).toContain("44 33\r\n");
    expect((await host.exit(tty)).exitCode).toBe(5);

    await killTask(host.deps, id, 15);
    await killTask(host.deps, id, 9);
    expect((await host.exit(id)).exitCode).toBe(137);
  });

  test("exits while it is away keep their code and time", async () => {
    await using host = new RuntimeHost();
    const [early = "", late = ""] = await leftBehind(host, [
      { args: ["sh", "-c", "exit 3"] },
      { args: ["sh", "-c", "sleep 0.5; echo bye; exit 4"] },
    ]);
    await until("the exit files", () => existsSync(join(host.root, "exec/exits", late)));
    const then = Date.now();
    await Bun.sleep(300);
    host.restart();
    expect(readExit(host.deps, early)).toMatchObject({ exitCode: 3, oomKilled: false });
    const exit = readExit(host.deps, late);
    expect(exit).toMatchObject({ exitCode: 4 });
    // Its own time, not that of the one who finds it.
    expect(Number((exit?.finishedAt ?? 0n) / 1_000_000n)).toBeLessThanOrEqual(then);
    expect(Number((exit?.finishedAt ?? 0n) / 1_000_000n)).toBeGreaterThan(then - 10_000);
    expect(await readText({ path: host.logPath(late) })).toBe("bye\n");
    expect(readExit(host.deps, "f".repeat(64))).toBeNull();
    for (const id of taskIds(host.deps)) await deleteTask(host.deps, id);
    expect(readExit(host.deps, early)).toBeNull();
  });

  test("between create and start: the next one starts it", async () => {
    await using host = new RuntimeHost();
    const [id = ""] = await leftBehind(host, [{ args: ["sh", "-c", "echo started; exit 6"], createOnly: true }]);
    host.restart();
    expect(isAlive(host.deps, id)).toBe(true);
    const output = collect(await attachTask(host.deps, id));
    await startTask(host.deps, id);
    expect((await output).stdout).toBe("started\n");
    expect((await host.exit(id)).exitCode).toBe(6);
  });

  test("execs keep their code, whether they end before the next one comes or after", async () => {
    await using host = new RuntimeHost();
    const [early = "", late = ""] = await leftBehind(host, [
      { args: ["sleep", "60"], exec: ["sh", "-c", "while [ ! -e /tmp/early ]; do sleep 0.05; done; exit 8"] },
      { args: ["sleep", "60"], exec: ["sh", "-c", "while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 9"] },
    ]);
    const execOf = (id: string) => readdirSync(join(taskDir(host.deps, id), "execs"))[0] ?? "";
    const [earlyExec, lateExec] = [execOf(early), execOf(late)];
    const monitor = readPidFile(join(taskDir(host.deps, early), "execs", earlyExec, "conmon.pid")) ?? 0;
    writeFileSync(join(host.rootfs, "tmp/early"), "");
    await until("the first exec to end", () => !processRuns(monitor));
    host.restart();
    expect(takeExecExit(host.deps, early, earlyExec)).toMatchObject({ id: earlyExec, containerId: early, exitCode: 8 });
    expect(takeExecExit(host.deps, early, earlyExec)).toMatchObject({ exitCode: 255 });
    expect(takeExecExit(host.deps, late, lateExec)).toBeNull();
    writeFileSync(join(host.rootfs, "tmp/go"), "");
    expect(await host.exit(lateExec)).toMatchObject({ containerId: late, exitCode: 9 });
    for (const id of [early, late]) expect(readdirSync(join(taskDir(host.deps, id), "execs"))).toEqual([]);
  });

  test("a log stays bounded without it, and is taken up again with it", async () => {
    await using host = new RuntimeHost();
    const [id = ""] = await leftBehind(host, [
      {
        args: [
          "sh",
          "-c",
          "yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -c 420000000",
        ],
        maxSize: 20_000_000,
      },
    ]);
    await until("the writer to end", () => existsSync(join(host.root, "exec/exits", id)), 120_000);
    expect(logSize(host.logPath(id))).toBeLessThan(560_000_000);
    host.restart();
    let count = 0;
    for await (const batch of readLogs({ path: host.logPath(id) })) count += batch.length;
    expect(count).toBeGreaterThan(100_000);
  }, 180_000);
});

describe("a monitor that is killed", () => {
  test("takes the exit code with it, but the end is seen", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sleep", "60"] });
    await startTask(host.deps, id);
    process.kill(readPidFile(join(taskDir(host.deps, id), "conmon.pid")) ?? 0, "SIGKILL");
    await Bun.sleep(100);
    expect(isAlive(host.deps, id)).toBe(true);
    expect(host.exits.has(id)).toBe(false);
    await killTask(host.deps, id, 9);
    expect((await host.exit(id)).exitCode).toBe(255);
  });
  test("of an exec: its end is seen too", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sleep", "60"] });
    await startTask(host.deps, id);
    const execId = "e".repeat(64);
    const spec = await host.spec(id, { Cmd: ["sleep", "60"] });
    await execTask(host.deps, {
      containerId: id,
      execId,
      process: spec.process,
      tty: false,
      stdin: false,
      attach: false,
    });
    process.kill(readPidFile(join(taskDir(host.deps, id), "execs", execId, "conmon.pid")) ?? 0, "SIGKILL");
    expect(await host.exit(execId)).toMatchObject({ exitCode: 255 });
  });
});

test("what a daemon leaves in the middle of a rotation is put right", async () => {
  await using host = new RuntimeHost();
  const [id = ""] = await leftBehind(host, [
    { args: ["sh", "-c", "n=0; while :; do n=$((n+1)); echo line $n; sleep 0.01; done"], maxSize: 1_000_000 },
  ]);
  const path = host.logPath(id);
  renameSync(path, `${path}.1`);
  await Bun.sleep(100);
  host.restart();
  await until("the live file", () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 200);
  await killTask(host.deps, id, 9);
  await host.exit(id);
  const lines = (await readText({ path })).trim().split("\n");
  expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`));
});
