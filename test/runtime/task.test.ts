import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../src/lib/ids.ts";
import { attachTask } from "../../src/runtime/attach.ts";
import { createTask } from "../../src/runtime/create.ts";
import { deleteTask } from "../../src/runtime/delete.ts";
import { taskDir } from "../../src/runtime/deps.ts";
import { killTask, taskPids } from "../../src/runtime/kill.ts";
import { isPaused, pauseTask, resumeTask } from "../../src/runtime/pause.ts";
import { resizeTask } from "../../src/runtime/resize.ts";
import { RuntimeError } from "../../src/runtime/runtime-errors.ts";
import { startTask } from "../../src/runtime/start.ts";
import { isAlive, readExit } from "../../src/runtime/task-state.ts";
import { updateTask } from "../../src/runtime/update.ts";
import { until } from "../harness.ts";
import { collect, RuntimeHost } from "./host.ts";

const decode = (data: Uint8Array) => Buffer.from(data).toString();

describe("a container's life", () => {
  test("from create to delete", async () => {
    await using host = new RuntimeHost();
    const { stdout, stderr, exit } = await host.run(["sh", "-c", "echo out; echo err >&2; exit 7"]);
    expect({ stdout, stderr }).toEqual({ stdout: "out\n", stderr: "err\n" });
    expect(exit).toMatchObject({ exitCode: 7, oomKilled: false });
    expect(Math.abs(Number(exit.finishedAt / 1_000_000n) - Date.now())).toBeLessThan(5000);
  });

  test("a signal is 128 and its number", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sleep", "60"] });
    await startTask(host.deps, id);
    expect(isAlive(host.deps, id)).toBe(true);
    expect(readExit(host.deps, id)).toBeNull();
    await killTask(host.deps, id, 9);
    expect((await host.exit(id)).exitCode).toBe(137);
    expect(isAlive(host.deps, id)).toBe(false);
    expect(readExit(host.deps, id)?.exitCode).toBe(137);
    await expect(killTask(host.deps, id, 9)).rejects.toThrow(`Container ${id} is not running`);
  });

  test("delete is idempotent, in every state", async () => {
    await using host = new RuntimeHost();
    await deleteTask(host.deps, newId());
    const created = await host.start({ Cmd: ["sleep", "60"] });
    await deleteTask(host.deps, created);
    await deleteTask(host.deps, created);
    const running = await host.start({ Cmd: ["sh", "-c", "sleep 60 & sleep 60"] });
    await startTask(host.deps, running);
    await deleteTask(host.deps, running);
    await deleteTask(host.deps, running);
    const paused = await host.start({ Cmd: ["sleep", "60"] });
    await startTask(host.deps, paused);
    await pauseTask(host.deps, paused);
    await deleteTask(host.deps, paused);
    expect(existsSync(taskDir(host.deps, paused))).toBe(false);
  });

  test("a task that could not be deleted does not stand in the way of the next", async () => {
    await using host = new RuntimeHost();
    for (const runtime of ["crun", "runc"]) {
      const id = await host.start({ Cmd: ["sh", "-c", "exit 3"] }, {}, { runtime });
      await startTask(host.deps, id);
      expect((await host.exit(id)).exitCode).toBe(3);
      await host.start({ Cmd: ["sleep", "60"] }, {}, { runtime, id });
      expect(readExit(host.deps, id)).toBeNull();
      await startTask(host.deps, id);
      expect(isAlive(host.deps, id)).toBe(true);
      await deleteTask(host.deps, id);
    }
  });

  test("delete works when the runtime is gone", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sh", "-c", "sleep 60 & sleep 60"] });
    await startTask(host.deps, id);
    const broken = {
      ...host.deps,
      runtimes: { crun: { path: "/nonexistent/crun" }, runc: { path: "/nonexistent/runc" } },
    };
    await deleteTask(broken, id);
    expect(existsSync(taskDir(host.deps, id))).toBe(false);
  });

  test("pause stands still, resume goes on", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sh", "-c", "while :; do echo x; sleep 0.01; done"] });
    const io = await attachTask(host.deps, id);
    let seen = 0;
    const reading = (async () => {
      for await (const _ of io.frames) seen++;
    })();
    await startTask(host.deps, id);
    await until("output", () => seen > 3);
    await pauseTask(host.deps, id);
    expect(isPaused(host.deps, id)).toBe(true);
    await Bun.sleep(50);
    const before = seen;
    await Bun.sleep(100);
    expect(seen).toBe(before);
    await resumeTask(host.deps, id);
    expect(isPaused(host.deps, id)).toBe(false);
    await until("more output", () => seen > before + 3);
    await killTask(host.deps, id, 9);
    await reading;
    await host.exit(id);
  });

  test("limits change while it runs", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sleep", "60"] }, { Memory: 64 << 20, MemorySwap: -1 });
    await startTask(host.deps, id);
    await updateTask(host.deps, id, { memory: { limit: 128 << 20 }, pids: { limit: 33 } });
    const read = (controller: string, file: string) =>
      Bun.file(
        join(host.cgroups.hierarchies[controller] ?? host.cgroups.unified ?? "", `berth-${host.instance}`, id, file),
      ).text();
    if (host.cgroups.version === 1) {
      expect((await read("memory", "memory.limit_in_bytes")).trim()).toBe(String(128 << 20));
    } else {
      expect((await read("memory", "memory.max")).trim()).toBe(String(128 << 20));
    }
    expect((await read("pids", "pids.max")).trim()).toBe("33");
    expect(taskPids(host.deps, id)).toHaveLength(1);
  });

  test("running out of memory is told", async () => {
    await using host = new RuntimeHost();
    const { exit } = await host.run(
      ["sh", "-c", "x=a; while :; do x=$x$x; done"],
      {},
      { Memory: 16 << 20, MemorySwap: 16 << 20 },
    );
    expect(exit).toMatchObject({ exitCode: 137, oomKilled: true });
  });
});

describe("what cannot run", () => {
  const refusals = [
    [
      ["nosuch"],
      127,
      'OCI runtime create failed: unable to start container process: exec: "nosuch": executable file not found ' +
        "in $PATH",
    ],
    [["/bin/nosuch"], 127, 'exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory'],
    [["/etc"], 126, 'exec: "/etc": permission denied'],
    [["/etc/passwd"], 126, 'exec: "/etc/passwd": permission denied'],
  ] as const;
  for (const runtime of ["crun", "runc"]) {
    test.each(refusals)(`${runtime}: %p`, async (args, exitCode, message) => {
      await using host = new RuntimeHost(runtime);
      const error = await host.start({ Cmd: [...args] }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(RuntimeError);
      expect(error).toMatchObject({ exitCode, kind: "invalid", message: expect.stringContaining(message) });
    });
  }
  test("an unknown runtime, a runtime that is missing", async () => {
    await using host = new RuntimeHost();
    await expect(host.start({ Cmd: ["true"] }, {}, { runtime: "odd" })).rejects.toThrow(
      "unknown or invalid runtime name: odd",
    );
    const id = newId();
    const request = {
      id,
      spec: await host.spec(id, { Cmd: ["true"] }),
      runtime: "",
      tty: false,
      openStdin: false,
      stdinOnce: false,
      logPath: null,
    };
    const broken = { ...host.deps, runtimes: { crun: { path: "/nonexistent/crun" } }, defaultRuntime: "crun" };
    await expect(createTask(broken, request)).rejects.toThrow("/nonexistent/crun");
    await expect(createTask({ ...host.deps, conmonPath: "/nonexistent/conmon" }, request)).rejects.toThrow(
      "cannot run /nonexistent/conmon",
    );
  });
});

describe("streams", () => {
  test("input to its end", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sh", "-c", "cat; echo done"], OpenStdin: true, StdinOnce: true });
    const io = await attachTask(host.deps, id);
    const output = collect(io);
    await startTask(host.deps, id);
    const sent = "0123456789abcdef".repeat(64 * 1024);
    for (let at = 0; at < sent.length; at += 100_000) await io.write(Buffer.from(sent.slice(at, at + 100_000)));
    io.closeStdin();
    expect((await output).stdout).toBe(`${sent}done\n`);
    expect((await host.exit(id)).exitCode).toBe(0);
    await expect(io.write(Buffer.from("x"))).rejects.toThrow("standard input is closed");
  });

  test("with stdinOnce, a client that only reads may come and go", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["cat"], OpenStdin: true, StdinOnce: true });
    await startTask(host.deps, id);
    (await attachTask(host.deps, id)).close();
    const io = await attachTask(host.deps, id);
    const output = collect(io);
    await io.write(Buffer.from("still here"));
    io.closeStdin();
    expect((await output).stdout).toBe("still here");
  });

  test("without stdinOnce, input stays open from client to client", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["cat"], OpenStdin: true });
    await startTask(host.deps, id);
    for (const word of ["one", "two"]) {
      const io = await attachTask(host.deps, id);
      await io.write(Buffer.from(word));
      for await (const { data } of io.frames) {
        expect(decode(data)).toBe(word);
        break;
      }
      io.closeStdin();
      io.close();
    }
    expect(isAlive(host.deps, id)).toBe(true);
  });

  test("several clients see the same", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sh", "-c", "seq 1 20000"] });
    const clients = await Promise.all([1, 2, 3].map(() => attachTask(host.deps, id)));
    const outputs = Promise.all(clients.map(collect));
    await startTask(host.deps, id);
    const expected = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join("");
    for (const { stdout } of await outputs) expect(stdout).toBe(expected);
  });

  test("a reader that stands still holds the container back, and nothing is lost", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sh", "-c", "seq 1 300000"] }, {}, { logPath: null });
    const io = await attachTask(host.deps, id);
    await startTask(host.deps, id);
    const before = process.memoryUsage.rss();
    await Bun.sleep(300);
    expect(isAlive(host.deps, id)).toBe(true);
    expect(process.memoryUsage.rss() - before).toBeLessThan(32 << 20);
    const { stdout } = await collect(io);
    expect(stdout).toBe(Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join(""));
  });

  test("a reader that stands still does not hide the end", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["sh", "-c", "yes"] }, {}, { logPath: null });
    const io = await attachTask(host.deps, id);
    await startTask(host.deps, id);
    await Bun.sleep(300);
    await killTask(host.deps, id, 9);
    expect((await host.exit(id)).exitCode).toBe(137);
    expect((await collect(io)).stdout.length).toBeLessThan(4 << 20);
  });

  test("clients that come and go cost nothing that stays", async () => {
    await using host = new RuntimeHost();
    const id = await host.start({ Cmd: ["cat"], OpenStdin: true });
    await startTask(host.deps, id);
    const visit = async () => {
      const io = await attachTask(host.deps, id);
      await io.write(Buffer.from("x"));
      for await (const _ of io.frames) break;
      io.close();
    };
    await visit();
    await until("the connection to end", () => host.deps.hubs.size === 0);
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 50; round++) await visit();
    await until(
      "all connections to end",
      () => host.deps.hubs.size === 0 && readdirSync("/proc/self/fd").length <= before,
    );
  });

  test("a terminal: one stream, a size, its echo", async () => {
    await using host = new RuntimeHost();
    const id = await host.start(
      { Cmd: ["sh"], Tty: true, OpenStdin: true, StdinOnce: true },
      { ConsoleSize: [11, 22] },
    );
    const io = await attachTask(host.deps, id);
    let text = "";
    const reading = (async () => {
      for await (const frame of io.frames) {
        expect(frame.stream).toBe(1);
        text += decode(frame.data);
      }
    })();
    await startTask(host.deps, id);
    await io.write(Buffer.from("stty size; echo err >&2; tty\n"));
    await until("the first size", () => text.includes("11 22\r\n") && text.includes("/dev/pts/0\r\n"));
    expect(text).toContain("err\r\n");
    await resizeTask(host.deps, id, 101, 37);
    await until("the new size", async () => {
      await io.write(Buffer.from("stty size\n"));
      return text.includes("37 101\r\n");
    });
    // Leaving does not end the shell: with a terminal there is no end of input but Ctrl-D.
    io.closeStdin();
    io.close();
    await reading;
    const again = await attachTask(host.deps, id);
    const output = collect(again);
    await again.write(Buffer.from("echo back; exit 3\n"));
    expect((await output).stdout).toContain("back\r\n");
    expect((await host.exit(id)).exitCode).toBe(3);
    await expect(resizeTask(host.deps, id, 1, 1)).rejects.toThrow("has ended");
    await expect(attachTask(host.deps, id)).rejects.toThrow("is not running");
  });
});

test("many at once", async () => {
  await using host = new RuntimeHost();
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => host.run(["sh", "-c", `echo ${index}; exit ${index}`])),
  );
  expect(results.map(({ stdout, exit }) => [stdout, exit.exitCode])).toEqual(
    results.map((_, index) => [`${index}\n`, index]),
  );
  expect(readdirSync(join(host.root, "exec/exits"))).toEqual([]);
});
