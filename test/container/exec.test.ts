import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ExecConfig } from "../../src/api/types/container.ts";
import { attachExec, createExec, inspectExec, resizeExec, startExec } from "../../src/container/exec/exec.ts";
import { pauseContainer, unpauseContainer } from "../../src/container/life/pause.ts";
import { removeContainer } from "../../src/container/life/remove.ts";
import { inspectContainer } from "../../src/container/view/inspect.ts";
import { topContainer } from "../../src/container/view/top.ts";
import { RuntimeError } from "../../src/runtime/runtime-errors.ts";
import { until } from "../harness.ts";
import { collect, Rig } from "./rig.ts";

let rig: Rig;
let id: string;
beforeAll(async () => {
  rig = await Rig.start();
  id = await rig.start(["sleep", "1000"], { Env: ["A=1"], WorkingDir: "/var/www", StopTimeout: 0 }, {}, "host");
});
afterAll(() => rig[Symbol.asyncDispose]());

async function exec(config: ExecConfig, input?: string) {
  const { Id } = await createExec(rig.deps, id, {
    AttachStdout: true,
    AttachStderr: true,
    AttachStdin: input !== undefined,
    ...config,
  });
  const attachment = attachExec(rig.deps, Id, { Tty: config.Tty ?? false });
  const output = collect(attachment);
  if (input !== undefined) {
    await attachment.write(new TextEncoder().encode(input));
    attachment.closeStdin();
  }
  const { stdout, stderr } = await output;
  const { ExitCode } = await until("the exit", async () => {
    const now = await inspectExec(rig.deps, Id);
    return now.Running ? null : now;
  });
  return { Id, stdout, stderr, ExitCode };
}

describe("exec", () => {
  test("environment, directory, user, exit code", async () => {
    const { Id, stdout, stderr, ExitCode } = await exec({
      Cmd: ["sh", "-c", 'echo "$A $B $HOME $(pwd) $(id -un)"; echo e >&2; exit 4'],
      Env: ["B=2"],
      User: "www-data",
    });
    expect({ stdout, stderr, ExitCode }).toEqual({
      stdout: "1 2 /var/www /var/www www-data\n",
      stderr: "e\n",
      ExitCode: 4,
    });
    expect(await inspectExec(rig.deps, Id)).toMatchObject({
      Running: false,
      CanRemove: true,
      ContainerID: id,
      ProcessConfig: { entrypoint: "sh", user: "www-data" },
    });
    await expect(startExec(rig.deps, Id)).rejects.toThrow(`exec command ${Id} has already run`);
    expect((await collect(attachExec(rig.deps, Id, {}))).stdout).toBe(`exec command ${Id} has already run\r\n`);
    await until("events", () => rig.actions(id).at(-1) === "exec_die");
  });

  test("input to its end", async () => {
    expect((await exec({ Cmd: ["cat"] }, "in\n")).stdout).toBe("in\n");
  });

  test("a terminal of a size", async () => {
    // crun sets an exec's size while the program begins already: it may see none for a moment, which stty takes for no
    // failure.
    const command = ["sh", "-c", "until stty size 2>/dev/null | grep .; do sleep 0.02; done"];
    expect((await exec({ Cmd: command, Tty: true, ConsoleSize: [20, 70] })).stdout).toBe("20 70\r\n");
  });

  test("detached, resized, shown by inspect", async () => {
    const { Id } = await createExec(rig.deps, id, { Cmd: ["sleep", "1000"], Tty: true });
    expect((await inspectContainer(rig.deps, id)).ExecIDs).toEqual([Id]);
    await startExec(rig.deps, Id);
    const { Pid } = await inspectExec(rig.deps, Id);
    expect(Pid).toBeGreaterThan(1);
    await resizeExec(rig.deps, Id, { height: 10, width: 20 });
    const commands = async () =>
      (await topContainer(rig.deps, id, "-o pid,args")).Processes?.map((row) => row[1]).join();
    await until("both to show", async () => (await commands()) === "sleep 1000,sleep 1000");
    process.kill(Pid, "SIGKILL");
    await until("its end", async () => (await inspectExec(rig.deps, Id)).ExitCode === 137);
    await expect(resizeExec(rig.deps, Id, { height: 10, width: 20 })).rejects.toThrow(
      `process does not exist ${Id}: not found`,
    );
    expect((await inspectContainer(rig.deps, id)).ExecIDs).toBeNull();
  });

  test("what cannot be", async () => {
    const { stdout, ExitCode } = await exec({ Cmd: ["nope"] });
    expect(stdout).toBe(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file ' +
        "not found in $PATH\r\n",
    );
    expect(ExitCode).toBe(127);
    await expect(createExec(rig.deps, id, { Cmd: ["true"], User: "nobodyelse" })).rejects.toThrow(
      "unable to find user nobodyelse: no matching entries in passwd file",
    );
    // One whose user goes meanwhile fails as one that cannot be run.
    await exec({ Cmd: ["sh", "-c", "echo guest:x:7:7::/:/bin/sh >> /etc/passwd"] });
    const { Id } = await createExec(rig.deps, id, { Cmd: ["true"], User: "guest", AttachStdout: true });
    await exec({ Cmd: ["sed", "-i", "/guest/d", "/etc/passwd"] });
    await expect(startExec(rig.deps, Id)).rejects.toBeInstanceOf(RuntimeError);
    expect(await inspectExec(rig.deps, Id)).toMatchObject({ Running: false, ExitCode: 126 });
    await expect(inspectExec(rig.deps, "x")).rejects.toThrow("No such exec instance: x");
    await pauseContainer(rig.deps, id);
    await expect(createExec(rig.deps, "host", { Cmd: ["true"] })).rejects.toThrow(
      "Container host is paused, unpause the container before exec",
    );
    await unpauseContainer(rig.deps, id);
    const rests = await rig.create(["true"]);
    await expect(createExec(rig.deps, rests, { Cmd: ["true"] })).rejects.toThrow(`container ${rests} is not running`);
    await removeContainer(rig.deps, rests);
  });
});

describe("health", () => {
  const health = async (id: string) => (await inspectContainer(rig.deps, id)).State?.Health;
  const second = 1e9;

  test("from starting to healthy to unhealthy", async () => {
    const sick = await rig.start(["sleep", "1000"], {
      StopTimeout: 0,
      Healthcheck: {
        Test: ["CMD-SHELL", "echo looking; test ! -e /tmp/sick"],
        Interval: 0.1 * second,
        Timeout: 5 * second,
        Retries: 2,
      },
    });
    expect(await health(sick)).toMatchObject({ Status: "starting", FailingStreak: 0 });
    await until("health", async () => (await health(sick))?.Status === "healthy");
    const { Id } = await createExec(rig.deps, sick, { Cmd: ["touch", "/tmp/sick"] });
    await startExec(rig.deps, Id);
    await until("sickness", async () => (await health(sick))?.Status === "unhealthy");
    const now = await health(sick);
    expect(now?.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(now?.Log?.at(-1)).toMatchObject({ ExitCode: 1, Output: "looking\n" });
    expect(rig.actions(sick).filter((action) => action.startsWith("health_status"))).toEqual([
      "health_status: healthy",
      "health_status: unhealthy",
    ]);
    await removeContainer(rig.deps, sick, { force: true });
  });

  test("a probe that hangs is ended", async () => {
    const slow = await rig.start(["sleep", "1000"], {
      StopTimeout: 0,
      Healthcheck: { Test: ["CMD", "sleep", "1000"], Interval: 0.1 * second, Timeout: 0.2 * second, Retries: 1 },
    });
    await until("sickness", async () => (await health(slow))?.Status === "unhealthy");
    expect((await health(slow))?.Log?.[0]).toMatchObject({
      ExitCode: -1,
      Output: "Health check exceeded timeout (200ms)",
    });
    await removeContainer(rig.deps, slow, { force: true });
  });
});
