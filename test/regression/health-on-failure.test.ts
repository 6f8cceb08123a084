/** What a health check orders for an unhealthy container: told, with waits between restarts, outliving the daemon. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Daemon, until } from "../harness.ts";

setDefaultTimeout(60_000);

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

/** Sick from the moment that somebody says so in a file system that lives as long as the run. */
const check = ["--health-cmd", "test ! -e /dev/shm/sick", "--health-interval", "100ms", "--health-retries", "2"];
const program = ["busybox", "sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.05; done"];

async function berth(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await daemon.berth(...args);
  if (exitCode !== 0) throw new Error(`berth ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

const run = (action: string, ...options: string[]) =>
  berth("run", "-d", ...check, ...(action ? ["--health-on-failure", action] : []), ...options, ...program);
const sicken = (id: string) => berth("exec", id, "touch", "/dev/shm/sick");
const inspect = async (id: string) => JSON.parse(await berth("inspect", id))[0];
const state = async (id: string) => (await inspect(id)).State;
const isHealthy = (id: string) => until("healthy", async () => (await state(id)).Health.Status === "healthy");
const isSick = (id: string) => until("unhealthy", async () => (await state(id)).Health.Status === "unhealthy");

interface Event {
  Action: string;
  timeNano: number;
  Actor: { Attributes: Record<string, string> };
}

/** What was told of a container, without its execs. */
async function events(id: string): Promise<Event[]> {
  const end = (Date.now() / 1000 + 1).toFixed(3);
  const text = await berth("events", "--since", "0", "--until", end, "-f", `container=${id}`, "--format", "json");
  return text
    .split("\n")
    .map((line) => JSON.parse(line) as Event)
    .filter(({ Action }) => !Action.startsWith("exec_"));
}

const story = (told: Event[]) =>
  told.map(({ Action, Actor: { Attributes } }) => {
    const why = Attributes["healthOnFailure"];
    return why ? `${Action} (${why})` : Action;
  });

test("restart: once, without any restart policy, and each step told with the reason", async () => {
  const id = await run("restart");
  await isHealthy(id);
  const first = (await state(id)).StartedAt;
  await sicken(id);
  await until("another run", async () => (await state(id)).StartedAt !== first);
  await isHealthy(id);
  expect(await inspect(id)).toMatchObject({
    RestartCount: 1,
    State: { Running: true, Restarting: false },
    HostConfig: { HealthOnFailure: "restart", RestartPolicy: { Name: "no" } },
  });
  expect(story(await events(id))).toEqual([
    "create",
    "start",
    "health_status: healthy",
    "health_status: unhealthy",
    "kill (restart)",
    "die (restart)",
    "stop (restart)",
    "start",
    "restart (restart)",
    "health_status: healthy",
  ]);
  await berth("rm", "-f", id);
});

test("a container that never gets well does not loop hot: the wait doubles, as the restart policy's", async () => {
  const id = await berth(
    ...["run", "-d", "--stop-signal", "KILL", "--health-cmd", "false", "--health-interval", "50ms"],
    ...["--health-retries", "1", "--health-on-failure", "restart", "busybox", "sleep", "1000"],
  );
  await until("five runs", async () => (await inspect(id)).RestartCount >= 4);
  await until("the fifth's start", async () => (await state(id)).Running);
  const told = await events(id);
  const times = (action: string) =>
    told.filter(({ Action }) => Action === action).map(({ timeNano }) => timeNano / 1e6);
  const [starts, ends] = [times("start").slice(1), times("die")];
  const waits = starts.slice(0, 4).map((start, i) => start - (ends[i] ?? 0));
  for (const [i, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(100 * 2 ** i - 5);
  // A stop in between is the last word.
  await berth("stop", "-t", "0", id);
  expect(await state(id)).toMatchObject({ Status: "exited", Running: false, Restarting: false });
  const after = (await inspect(id)).RestartCount;
  await Bun.sleep(2_500);
  expect(await inspect(id)).toMatchObject({ RestartCount: after, State: { Status: "exited" } });
  await berth("rm", id);
});

test("stop and kill last, whatever the restart policy says", async () => {
  for (const [action, code] of [
    ["stop", 3],
    ["kill", 137],
  ] as const) {
    const id = await run(action, "--restart", "always");
    await isHealthy(id);
    await sicken(id);
    await until("the end", async () => (await state(id)).Status === "exited");
    expect(await inspect(id)).toMatchObject({
      RestartCount: 0,
      State: { ExitCode: code, Health: { Status: "unhealthy" } },
    });
    await until("all told", async () => (await events(id)).at(-1)?.Action === (action === "stop" ? "stop" : "die"));
    expect(story(await events(id)).slice(3)).toEqual([
      "health_status: unhealthy",
      `kill (${action})`,
      `die (${action})`,
      ...(action === "stop" ? ["stop (stop)"] : []),
    ]);
    await berth("start", id);
    await isHealthy(id);
    await berth("rm", "-f", id);
  }
});

test("with --rm it restarts all the same, and goes when it ends by itself", async () => {
  const id = await run("restart", "--rm");
  await isHealthy(id);
  await sicken(id);
  await until("another run", async () => (await inspect(id)).RestartCount === 1 && (await state(id)).Running);
  await berth("kill", id);
  await until("its removal", async () => (await daemon.berth("inspect", id)).exitCode !== 0);
});

test("none, and without a word: nothing happens; an update takes effect with the next failure", async () => {
  for (const action of ["none", ""]) {
    const id = await run(action);
    await isHealthy(id);
    await sicken(id);
    await isSick(id);
    const { FailingStreak } = (await state(id)).Health;
    await until("more failures", async () => (await state(id)).Health.FailingStreak > FailingStreak + 2);
    const before = await inspect(id);
    expect(before).toMatchObject({ RestartCount: 0, State: { Running: true } });
    expect(before.HostConfig.HealthOnFailure).toBe(action || undefined);
    await berth("update", "--health-on-failure", "restart", id);
    await until("another run", async () => (await inspect(id)).RestartCount === 1);
    await isHealthy(id);
    // Other changes leave it alone.
    await berth("update", "--memory", "64m", "--memory-swap", "64m", id);
    expect((await inspect(id)).HostConfig.HealthOnFailure).toBe("restart");
    await berth("update", "--health-on-failure", "none", id);
    await sicken(id);
    await isSick(id);
    await until("more failures", async () => (await state(id)).Health.FailingStreak > 4);
    expect(await inspect(id)).toMatchObject({ RestartCount: 1, HostConfig: { HealthOnFailure: "none" } });
    await berth("rm", "-f", id);
  }
});

test("what cannot be is refused, and changes nothing", async () => {
  const unknown = "unknown action 'reboot'; use one of 'none', 'restart', 'stop', or 'kill'";
  const refused = await daemon.berth("run", "--health-on-failure", "reboot", "busybox");
  expect(refused.exitCode).toBe(125);
  expect(refused.stderr).toContain(
    'invalid argument "reboot" for "--health-on-failure" flag: must be one of none, restart, stop, kill',
  );
  const create = (HostConfig: object, config: object = {}) =>
    daemon.api("POST", "/v1.44/containers/create", { Image: "busybox", Cmd: ["true"], ...config, HostConfig });
  expect(await create({ HealthOnFailure: "reboot" })).toMatchObject({
    status: 400,
    json: { message: `invalid health on-failure action: ${unknown}` },
  });
  const lacking = "invalid health on-failure action: 'stop' needs a health check, and the container has none";
  expect(await create({ HealthOnFailure: "stop" })).toMatchObject({ status: 400, json: { message: lacking } });
  expect(await create({ HealthOnFailure: "stop" }, { Healthcheck: { Test: ["NONE"] } })).toMatchObject({
    status: 400,
    json: { message: lacking },
  });
  const { json } = await create({ HealthOnFailure: "none" });
  expect(
    await daemon.api("POST", `/v1.44/containers/${json.Id}/update`, { HealthOnFailure: "stop", CpuShares: 512 }),
  ).toMatchObject({
    status: 400,
    json: { message: `Cannot update container ${json.Id}: ${lacking}` },
  });
  expect(await daemon.api("POST", `/v1.44/containers/${json.Id}/update`, { HealthOnFailure: 1 })).toMatchObject({
    status: 400,
  });
  expect(await inspect(json.Id)).toMatchObject({ HostConfig: { HealthOnFailure: "none", CpuShares: 0 } });
  await berth("rm", json.Id);
});

test("stock clients see it beside the rest, and the next daemon goes on with it", async () => {
  const id = await run("restart");
  await isHealthy(id);
  expect(JSON.parse(await daemon.ok("inspect", id))[0].HostConfig.HealthOnFailure).toBe("restart");
  await daemon.kill();
  await daemon.up();
  await sicken(id);
  await until("another run", async () => (await inspect(id)).RestartCount === 1);
  await isHealthy(id);
  await berth("rm", "-f", id);
});
