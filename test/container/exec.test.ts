import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createExec, inspectExec, resizeExec, startExec, type ExecConfig } from "../../src/container/exec.ts";
import { inspectContainer } from "../../src/container/inspect.ts";
import { pauseContainer, unpauseContainer } from "../../src/container/pause.ts";
import { removeContainer } from "../../src/container/remove.ts";
import { topContainer } from "../../src/container/top.ts";
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
  const { Id } = await createExec(rig.ctx, id, { AttachStdout: true, AttachStderr: true, AttachStdin: input !== undefined, ...config });
  const attachment = await startExec(rig.ctx, Id, {});
  if (!attachment) throw new Error("detached");
  const output = collect(attachment);
  if (input !== undefined) {
    await attachment.write(new TextEncoder().encode(input));
    attachment.closeStdin();
  }
  const { stdout, stderr } = await output;
  const { ExitCode } = await until("the exit", async () => {
    const now = await inspectExec(rig.ctx, Id);
    return now.Running ? null : now;
  });
  return { Id, stdout, stderr, ExitCode };
}

describe("exec", () => {
  test("environment, directory, user, exit code", async () => {
    const { Id, stdout, stderr, ExitCode } = await exec({ Cmd: ["sh", "-c", 'echo "$A $B $HOME $(pwd) $(id -un)"; echo e >&2; exit 4'], Env: ["B=2"], User: "www-data" });
    expect({ stdout, stderr, ExitCode }).toEqual({ stdout: "1 2 /var/www /var/www www-data\n", stderr: "e\n", ExitCode: 4 });
    expect(await inspectExec(rig.ctx, Id)).toMatchObject({ Running: false, CanRemove: true, ContainerID: id, ProcessConfig: { entrypoint: "sh", user: "www-data" } });
    await expect(startExec(rig.ctx, Id, {})).rejects.toThrow(`exec command ${Id} has already run`);
    await until("events", () => rig.actions(id).at(-1) === "exec_die");
  });

  test("input to its end", async () => {
    expect((await exec({ Cmd: ["cat"] }, "in\n")).stdout).toBe("in\n");
  });

  test("a terminal of a size", async () => {
    // crun sets an exec's size while the program begins already: it may see none for a moment, which stty takes for no failure.
    const command = ["sh", "-c", "until stty size 2>/dev/null | grep .; do sleep 0.02; done"];
    expect((await exec({ Cmd: command, Tty: true, ConsoleSize: [20, 70] })).stdout).toBe("20 70\r\n");
  });

  test("detached, resized, shown by inspect", async () => {
    const { Id } = await createExec(rig.ctx, id, { Cmd: ["sleep", "1000"], Tty: true });
    expect((await inspectContainer(rig.ctx, id)).ExecIDs).toEqual([Id]);
    expect(await startExec(rig.ctx, Id, { Detach: true })).toBeNull();
    const { Pid } = await inspectExec(rig.ctx, Id);
    expect(Pid).toBeGreaterThan(1);
    await resizeExec(rig.ctx, Id, { height: 10, width: 20 });
    const commands = async () => (await topContainer(rig.ctx, id, "-o pid,args")).Processes?.map((row) => row[1]).join();
    await until("both to show", async () => (await commands()) === "sleep 1000,sleep 1000");
    process.kill(Pid, "SIGKILL");
    await until("its end", async () => (await inspectExec(rig.ctx, Id)).ExitCode === 137);
    expect((await inspectContainer(rig.ctx, id)).ExecIDs).toBeNull();
  });

  test("what cannot be", async () => {
    await expect(exec({ Cmd: ["nope"] })).rejects.toThrow('exec: "nope": executable file not found in $PATH');
    await expect(createExec(rig.ctx, id, { Cmd: ["true"], User: "nobodyelse" })).rejects.toThrow("unable to find user nobodyelse: no matching entries in passwd file");
    // One whose user goes meanwhile fails as one that cannot be run.
    await exec({ Cmd: ["sh", "-c", "echo guest:x:7:7::/:/bin/sh >> /etc/passwd"] });
    const { Id } = await createExec(rig.ctx, id, { Cmd: ["true"], User: "guest", AttachStdout: true });
    await exec({ Cmd: ["sed", "-i", "/guest/d", "/etc/passwd"] });
    await expect(startExec(rig.ctx, Id, {})).rejects.toBeInstanceOf(RuntimeError);
    expect(await inspectExec(rig.ctx, Id)).toMatchObject({ Running: false, ExitCode: 126 });
    await expect(inspectExec(rig.ctx, "x")).rejects.toThrow("No such exec instance: x");
    await pauseContainer(rig.ctx, id);
    await expect(createExec(rig.ctx, "host", { Cmd: ["true"] })).rejects.toThrow("Container host is paused, unpause the container before exec");
    await unpauseContainer(rig.ctx, id);
    const rests = await rig.create(["true"]);
    await expect(createExec(rig.ctx, rests, { Cmd: ["true"] })).rejects.toThrow(`container ${rests} is not running`);
    await removeContainer(rig.ctx, rests);
  });
});

describe("health", () => {
  const health = async (id: string) => (await inspectContainer(rig.ctx, id)).State?.Health;
  const second = 1e9;

  test("from starting to healthy to unhealthy", async () => {
    const sick = await rig.start(["sleep", "1000"], {
      StopTimeout: 0, Healthcheck: { Test: ["CMD-SHELL", "echo looking; test ! -e /tmp/sick"], Interval: 0.1 * second, Timeout: 5 * second, Retries: 2 },
    });
    expect(await health(sick)).toMatchObject({ Status: "starting", FailingStreak: 0 });
    await until("health", async () => (await health(sick))?.Status === "healthy");
    const { Id } = await createExec(rig.ctx, sick, { Cmd: ["touch", "/tmp/sick"] });
    await startExec(rig.ctx, Id, { Detach: true });
    await until("sickness", async () => (await health(sick))?.Status === "unhealthy");
    const now = await health(sick);
    expect(now?.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(now?.Log?.at(-1)).toMatchObject({ ExitCode: 1, Output: "looking\n" });
    expect(rig.actions(sick).filter((action) => action.startsWith("health_status"))).toEqual(["health_status: healthy", "health_status: unhealthy"]);
    await removeContainer(rig.ctx, sick, { force: true });
  });

  test("a probe that hangs is ended", async () => {
    const slow = await rig.start(["sleep", "1000"], { StopTimeout: 0, Healthcheck: { Test: ["CMD", "sleep", "1000"], Interval: 0.1 * second, Timeout: 0.2 * second, Retries: 1 } });
    await until("sickness", async () => (await health(slow))?.Status === "unhealthy");
    expect((await health(slow))?.Log?.[0]).toMatchObject({ ExitCode: -1, Output: "Health check exceeded timeout (200ms)" });
    await removeContainer(rig.ctx, slow, { force: true });
  });
});
