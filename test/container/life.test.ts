import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { killContainer } from "../../src/container/life/kill.ts";
import { pauseContainer, unpauseContainer } from "../../src/container/life/pause.ts";
import { removeContainer } from "../../src/container/life/remove.ts";
import { renameContainer } from "../../src/container/life/rename.ts";
import { restartContainer } from "../../src/container/life/restart.ts";
import { startContainer } from "../../src/container/life/start.ts";
import { stopContainer } from "../../src/container/life/stop.ts";
import { waitContainer } from "../../src/container/life/wait.ts";
import { containerLogs } from "../../src/container/logs/logs.ts";
import { attachContainer } from "../../src/container/streams/attach.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { listContainers } from "../../src/container/view/list.ts";
import { until } from "../harness.ts";
import { collect, Rig } from "./rig.ts";

let rig: Rig;
beforeAll(async () => void (rig = await Rig.start()));
afterAll(() => rig[Symbol.asyncDispose]());

const state = async (id: string) => (await inspectContainer(rig.deps, id)).State;

describe("a run", () => {
  test("output, exit code, events", async () => {
    const { id, exitCode, stdout, stderr } = await rig.run(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
    expect(await state(id)).toMatchObject({ Status: "exited", ExitCode: 3, Running: false, Pid: 0, Error: "" });
    expect(rig.actions(id)).toEqual(["create", "attach", "start", "die"]);
    const logs = await containerLogs(rig.deps, id, { stdout: true, stderr: true });
    expect(await collect(logs)).toEqual({ stdout: "out\n", stderr: "err\n" });
    await removeContainer(rig.deps, id);
    await until("the event", () => rig.actions(id).at(-1) === "destroy");
    await expect(inspectContainer(rig.deps, id)).rejects.toThrow(`No such container: ${id}`);
  });

  test("input", async () => {
    const { id, stdout } = await rig.run(["cat"], {}, {}, "hello\n");
    expect(stdout).toBe("hello\n");
    await removeContainer(rig.deps, id);
  });

  test("auto-remove, and the wait for it", async () => {
    const id = await rig.create(["true"], {}, { AutoRemove: true });
    const { result } = await waitContainer(rig.deps, id, "removed");
    await startContainer(rig.deps, id);
    expect(await result).toEqual({ StatusCode: 0 });
    await expect(inspectContainer(rig.deps, id)).rejects.toThrow("No such container");
  });
});

describe("a start that fails", () => {
  test.each([
    ["no such program", ["/nope"], 127, /exec: "\/nope": stat \/nope: no such file or directory/],
    ["not in the path", ["nope"], 127, /exec: "nope": executable file not found in \$PATH/],
    ["not to be run", ["/etc/passwd"], 126, /permission denied/],
  ] as const)("%s", async (_, cmd, exitCode, message) => {
    const id = await rig.create([...cmd]);
    const exit = (await waitContainer(rig.deps, id, "next-exit")).result;
    const removal = (await waitContainer(rig.deps, id, "removed")).result;
    await expect(startContainer(rig.deps, id)).rejects.toThrow(message);
    // Who waits learns the code only: clients that show both answers would say everything twice.
    expect(await exit).toEqual({ StatusCode: exitCode });
    const now = await state(id);
    expect(now).toMatchObject({ Status: "created", ExitCode: exitCode, Running: false });
    expect(now?.Error).toMatch(message);
    await removeContainer(rig.deps, id);
    expect(await removal).toEqual({ StatusCode: exitCode });
  });

  test("ends those who are attached", async () => {
    const id = await rig.create(["/nope"]);
    const output = collect(await attachContainer(rig.deps, id, { stdout: true, stream: true }));
    await startContainer(rig.deps, id).catch(() => {});
    expect(await output).toEqual({ stdout: "", stderr: "" });
    await removeContainer(rig.deps, id);
  });
});

describe("stopping", () => {
  test("by the signal it listens to", async () => {
    const id = await rig.start(["sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done"]);
    await until(
      "the trap",
      async () => (await collect(await containerLogs(rig.deps, id, { stdout: true }))).stdout === "ready\n",
    );
    await stopContainer(rig.deps, id);
    expect(await state(id)).toMatchObject({ Status: "exited", ExitCode: 7 });
    expect(rig.actions(id).slice(-3)).toEqual(["kill", "die", "stop"]);
    await expect(stopContainer(rig.deps, id)).rejects.toThrow("container is already stopped");
    await removeContainer(rig.deps, id);
  });

  test("by force after the time-out", async () => {
    const id = await rig.start(["sleep", "1000"], { StopSignal: "SIGUSR2" });
    await stopContainer(rig.deps, id, { timeout: 0 });
    expect(await state(id)).toMatchObject({ Status: "exited", ExitCode: 137 });
    await removeContainer(rig.deps, id);
  });

  test("kill", async () => {
    const id = await rig.start(["sleep", "1000"]);
    await killContainer(rig.deps, id);
    expect(await state(id)).toMatchObject({ Status: "exited", ExitCode: 137 });
    await expect(killContainer(rig.deps, id)).rejects.toThrow(
      `cannot kill container: ${id}: container ${id} is not running`,
    );
    await removeContainer(rig.deps, id);
  });

  test("restart", async () => {
    const id = await rig.start(["sleep", "1000"], { StopTimeout: 0 });
    const before = (await state(id))?.Pid;
    await restartContainer(rig.deps, id);
    const now = await state(id);
    expect(now).toMatchObject({ Status: "running", ExitCode: 0 });
    expect(now?.Pid).not.toBe(before);
    expect(rig.actions(id).slice(-6)).toEqual(["kill", "kill", "die", "stop", "start", "restart"]);
    await removeContainer(rig.deps, id, { force: true });
  });
});

test("pause and what it forbids", async () => {
  const id = await rig.start(["sleep", "1000"], { StopTimeout: 0 });
  await pauseContainer(rig.deps, id);
  expect(await state(id)).toMatchObject({ Status: "paused", Running: true, Paused: true });
  await expect(pauseContainer(rig.deps, id)).rejects.toThrow(`container ${id} is already paused`);
  await expect(startContainer(rig.deps, id)).rejects.toThrow("cannot start a paused container, try unpause instead");
  await expect(attachContainer(rig.deps, id, { stream: true })).rejects.toThrow(
    `container ${id} is paused, unpause the container before attach`,
  );
  await expect(removeContainer(rig.deps, id)).rejects.toThrow(
    `cannot remove container "${id}": container is paused and must be unpaused first`,
  );
  await unpauseContainer(rig.deps, id);
  await pauseContainer(rig.deps, id);
  await stopContainer(rig.deps, id);
  expect(await state(id)).toMatchObject({ Status: "exited" });
  await removeContainer(rig.deps, id);
});

describe("restart policies", () => {
  test("on-failure counts, then gives up", async () => {
    const id = await rig.start(
      ["sh", "-c", "exit 5"],
      {},
      { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } },
    );
    await until("two restarts", async () => (await state(id))?.Status === "exited");
    const c = await inspectContainer(rig.deps, id);
    expect(c.RestartCount).toBe(2);
    expect(c.State?.ExitCode).toBe(5);
    expect(rig.actions(id).filter((action) => action === "start").length).toBe(3);
    await removeContainer(rig.deps, id);
  });

  test("a stop ends them, also between two runs", async () => {
    const id = await rig.start(["false"], {}, { RestartPolicy: { Name: "always" } });
    await until("a restart that waits", async () => (await state(id))?.Status === "restarting");
    await stopContainer(rig.deps, id);
    expect(await state(id)).toMatchObject({ Status: "exited", Restarting: false });
    await removeContainer(rig.deps, id);
  });
});

describe("names", () => {
  test("taken ones, renames, prefixes", async () => {
    const id = await rig.create(["true"], {}, {}, "first");
    const conflict =
      `Conflict. The container name "/first" is already in use by container "${id}". You have to remove (or ` +
      "rename) that container to be able to reuse that name.";
    await expect(rig.create(["true"], {}, {}, "first")).rejects.toThrow(conflict);
    const other = await rig.create(["true"]);
    await expect(renameContainer(rig.deps, other, "first")).rejects.toThrow(conflict);
    await renameContainer(rig.deps, "first", "second");
    expect((await inspectContainer(rig.deps, id.slice(0, 12))).Name).toBe("/second");
    await expect(rig.create(["true"], {}, {}, "a b")).rejects.toThrow(
      "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    );
    await expect(inspectContainer(rig.deps, "nobody")).rejects.toThrow("No such container: nobody");
    await expect(renameContainer(rig.deps, "second", "a b")).rejects.toThrow(
      "Error when allocating new name: Invalid container name (/a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    );
    for (const ref of [id, other]) await removeContainer(rig.deps, ref);
  });

  test("the list", async () => {
    const ids = [
      await rig.start(["sleep", "1000"], { Labels: { a: "b" } }, {}, "runs"),
      await rig.create(["true", "x y"], {}, {}, "rests"),
    ];
    const running = await listContainers(rig.deps, {});
    expect(running.map((c) => c.Names?.[0])).toEqual(["/runs"]);
    expect(running[0]).toMatchObject({ Image: "busybox", State: "running", Labels: { a: "b" } });
    const all = await listContainers(rig.deps, { all: true, size: true });
    expect(all.map((c) => [c.Names?.[0], c.Command, c.Status?.split(" ")[0]])).toEqual([
      ["/rests", "true 'x y'", "Created"],
      ["/runs", "sleep 1000", "Up"],
    ]);
    for (const id of ids) await removeContainer(rig.deps, id, { force: true });
  });
});

test("removed by force while it starts, and while it stops", async () => {
  const id = await rig.create(["sleep", "1000"]);
  const starting = startContainer(rig.deps, id);
  await removeContainer(rig.deps, id, { force: true });
  await starting;
  await expect(inspectContainer(rig.deps, id)).rejects.toThrow("No such container");
  const other = await rig.start(["sleep", "1000"], {}, { AutoRemove: true });
  await Promise.all(
    [stopContainer(rig.deps, other, { timeout: 0 }), removeContainer(rig.deps, other, { force: true })].map((work) =>
      work.catch(() => {}),
    ),
  );
  await until("its removal", () =>
    inspectContainer(rig.deps, other).then(
      () => false,
      () => true,
    ),
  );
});

test("whatever is asked for at once, the container ends up in one piece", async () => {
  const id = await rig.start(["sleep", "1000"], { StopTimeout: 0 }, { RestartPolicy: { Name: "on-failure" } });
  const verbs = [
    () => startContainer(rig.deps, id),
    () => stopContainer(rig.deps, id),
    () => restartContainer(rig.deps, id),
    () => killContainer(rig.deps, id),
    () => pauseContainer(rig.deps, id),
    () => unpauseContainer(rig.deps, id),
    () => renameContainer(rig.deps, id, `name-${Math.random()}`),
  ];
  await Promise.all(Array.from({ length: 40 }, (_, i) => verbs[i % verbs.length]?.().catch(() => {})));
  await until("rest", async () => ["running", "paused", "exited"].includes((await state(id))?.Status ?? ""));
  if ((await state(id))?.Status !== "running") {
    if ((await state(id))?.Status === "paused") await unpauseContainer(rig.deps, id);
    await startContainer(rig.deps, id).catch(() => {});
  }
  expect((await state(id))?.Status).toBe("running");
  await removeContainer(rig.deps, id, { force: true });
});

test("a terminal", async () => {
  const id = await rig.create(["sh", "-c", "tty; stty size"], { Tty: true }, { ConsoleSize: [30, 100] });
  const output = collect(await attachContainer(rig.deps, id, { stdout: true, stream: true }));
  await startContainer(rig.deps, id);
  expect((await output).stdout).toBe("/dev/pts/0\r\n30 100\r\n");
  await rig.exit(id);
  await removeContainer(rig.deps, id);
});
