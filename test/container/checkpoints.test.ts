/** Processes that are saved, and go on where they were: here, after a restart, on another engine. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { criuRuntime } from "../clients/debian.ts";
import { Daemon, until } from "../harness.ts";

setDefaultTimeout(120_000);
const scratch = mkdtempSync("/tmp/berth-checkpoints-");
let daemon: Daemon;
let args: string[];
const counting = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done";

beforeAll(async () => {
  args = ["--experimental", "--add-runtime", `saving=${await criuRuntime()}`];
  daemon = await Daemon.start({ args });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/** The numbers that a container has counted so far. */
const counted = async (on: Daemon, name: string) => (await on.ok("logs", name)).split("\n").filter(Boolean).map(Number);
/** Waits until a container counts on past a number, and looks that it left none out on the way. */
async function countsOn(on: Daemon, name: string, past: number): Promise<void> {
  const numbers = await until(`${name} to count past ${past}`, async () => {
    const numbers = await counted(on, name);
    return (numbers.at(-1) ?? 0) > past + 3 ? numbers : null;
  });
  const first = numbers[0] ?? 0;
  expect(numbers).toEqual(Array.from(numbers, (_, index) => first + index));
}
const run = (name: string, ...more: string[]) =>
  daemon.ok("run", "-d", "--name", name, "--runtime", "saving", ...more, "busybox", "sh", "-c", counting);

test("a checkpoint ends the container, and a start from it counts on, with a network", async () => {
  await run("one", "--restart", "unless-stopped", "-v", "kept:/kept", "--hostname", "here");
  await countsOn(daemon, "one", 3);
  expect(await daemon.ok("checkpoint", "create", "one", "first")).toBe("first");
  await until("the end", async () => (await daemon.ok("inspect", "-f", "{{.State.Status}}", "one")) === "exited");
  expect(await daemon.ok("inspect", "-f", "{{.State.ExitCode}}", "one")).toBe("137");
  expect(await daemon.ok("checkpoint", "ls", "one")).toBe("CHECKPOINT NAME\nfirst");
  const past = (await counted(daemon, "one")).at(-1) ?? 0;
  await daemon.kill();
  await daemon.up();
  await daemon.ok("start", "--checkpoint", "first", "one");
  await countsOn(daemon, "one", past);
  expect(await daemon.ok("exec", "one", "sh", "-c", "hostname; ip route | grep -c default; touch /kept/x")).toBe(
    "here\n1",
  );
  await daemon.ok("checkpoint", "create", "--leave-running", "one", "second");
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", "one")).toBe("running");
  await countsOn(daemon, "one", past + 5);
  await daemon.ok("stop", "-t", "0", "one");
  await daemon.ok("start", "one");
  expect((await counted(daemon, "one")).at(-1)).toBeLessThan(past);
  await daemon.ok("rm", "-f", "one");
});

test("another engine goes on from a checkpoint in a directory", async () => {
  await run("two");
  await countsOn(daemon, "two", 3);
  await daemon.ok("checkpoint", "create", "--checkpoint-dir", scratch, "two", "moved");
  expect(readdirSync(scratch)).toEqual(["moved"]);
  expect(await daemon.ok("checkpoint", "ls", "--checkpoint-dir", scratch, "two")).toBe("CHECKPOINT NAME\nmoved");
  const past = (await counted(daemon, "two")).at(-1) ?? 0;
  await using other = await Daemon.start({ args });
  for (const program of ["berth", "docker"] as const) {
    await other.ok("create", "--name", program, "--runtime", "saving", "busybox", "sh", "-c", counting);
    const options = ["--checkpoint", "moved", "--checkpoint-dir", scratch];
    expect((await other[program]("start", ...options, program)).stderr).toBe("");
    await countsOn(other, program, past);
  }
  await daemon.ok("checkpoint", "rm", "--checkpoint-dir", scratch, "two", "moved");
  expect(existsSync(join(scratch, "moved"))).toBe(false);
});

test("what cannot be is told in Docker's words, and changes nothing", async () => {
  await run("three");
  await daemon.ok("run", "-dt", "--name", "tty", "--runtime", "saving", "busybox", "sh");
  const post = async (container: string, body: object) => {
    const { status, json } = await daemon.api("POST", `/containers/${container}/checkpoints`, body);
    return [status, json?.message];
  };
  const id = await daemon.ok("inspect", "-f", "{{.Id}}", "three");
  expect(await post("nope", { CheckpointID: "xx" })).toEqual([404, "No such container: nope"]);
  for (const name of ["", "x", "a b", "../up"])
    expect(await post("three", { CheckpointID: name })).toEqual([
      500,
      `Invalid checkpoint ID (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    ]);
  expect(await post("tty", { CheckpointID: "xx" })).toEqual([500, "checkpoint not supported on containers with tty"]);
  expect((await post("three", { CheckpointID: "twice" }))[0]).toBe(201);
  expect(await post("three", { CheckpointID: "twice" })).toEqual([
    500,
    "cannot checkpoint container three: checkpoint with name twice already exists for container three",
  ]);
  const gone = await daemon.api("DELETE", "/containers/three/checkpoints/nope");
  expect([gone.status, gone.json.message]).toEqual([500, "checkpoint nope does not exist for container three"]);
  const none = await daemon.api("GET", `/containers/three/checkpoints?dir=${scratch}/none`);
  expect([none.status, none.json.message]).toEqual([500, "checkpoint  does not exist for container three"]);
  await daemon.ok("stop", "-t", "0", "three");
  expect(await post("three", { CheckpointID: "late" })).toEqual([409, `container ${id} is not running`]);
  for (const name of ["nope", "..%2F..", "twice%2F.."]) {
    const start = await daemon.api("POST", `/containers/three/start?checkpoint=${name}`);
    expect([start.status, start.json.message]).toEqual([
      500,
      `checkpoint ${decodeURIComponent(name)} does not exist for container /three`,
    ]);
  }
  expect((await daemon.api("DELETE", "/containers/three/checkpoints/twice")).status).toBe(204);
  expect((await daemon.api("GET", "/containers/three/checkpoints")).json).toEqual([]);
  await daemon.ok("rm", "-f", "three", "tty");
});

test("a runtime that cannot, and an engine that is not told to, say so", async () => {
  await daemon.ok("run", "-d", "--name", "four", "--runtime", "crun", "busybox", "sleep", "600");
  expect((await daemon.docker("checkpoint", "create", "four", "xx")).stderr).toContain(
    "Cannot checkpoint container four: the runtime crun cannot save and restore processes; runc can, with CRIU " +
      "(--runtime runc)",
  );
  expect(await daemon.ok("inspect", "-f", "{{.State.Status}}", "four")).toBe("running");
  expect(await daemon.ok("checkpoint", "ls", "four")).toBe("CHECKPOINT NAME");
  await daemon.restart(["--experimental=false"]);
  const { status, json } = await daemon.api("GET", "/containers/four/checkpoints");
  expect([status, json.message]).toEqual([
    501,
    "This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to " +
      "enable it.",
  ]);
  const start = await daemon.api("POST", "/containers/four/start?checkpoint=xx");
  expect([start.status, start.json.message]).toEqual([400, "checkpoint is only supported in experimental mode"]);
  await daemon.ok("rm", "-f", "four");
});
