/** Daemons as the machines of a cluster, driven by Docker's own command line. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "../harness.ts";
import { ClusterHosts } from "./hosts.ts";

let rig: ClusterHosts;
beforeAll(async () => void (rig = await ClusterHosts.start(3)));
afterAll(() => rig[Symbol.asyncDispose]());

/** Quick to end, and nobody is asked for an image that is here. */
const quick = ["--no-resolve-image", "--stop-grace-period", "100ms", "--restart-delay", "100ms"];
const create = ["service", "create", "-d", ...quick];
const docker = (number: number, ...args: string[]) => rig.host(number).daemon.ok(...args);
const running = async (number: number) => (await docker(number, "ps", "-q")).split("\n").filter((id) => id !== "");

async function tasks(by: number, service: string): Promise<string[]> {
  const filters = ["--filter", "desired-state=running", "--format", "{{.Node}} {{.CurrentState}}"];
  return (await docker(by, "service", "ps", service, ...filters)).split("\n").filter((line) => line !== "");
}
const allRun = (by: number, service: string, count: number) =>
  until(`${count} of ${service} run`, async () => {
    const lines = await tasks(by, service);
    return lines.length === count && lines.every((line) => line.includes(" Running "));
  });

test("one node: a replicated service end to end", async () => {
  const { ip, daemon } = rig.host(1);
  const node = await docker(1, "swarm", "init", "--advertise-addr", ip);
  expect(node).toContain("is now a manager");
  expect(node).toContain(`${ip}:2377`);
  expect(await docker(1, "info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}")).toBe(
    "active true",
  );
  await docker(1, ...create, "--name", "web", "--replicas", "2", "busybox", "sleep", "1000");
  await allRun(1, "web", 2);
  expect(await running(1)).toHaveLength(2);
  await docker(1, "service", "scale", "-d", "web=3");
  await allRun(1, "web", 3);
  const before = (await running(1)).sort();
  await daemon.kill();
  await daemon.up();
  await allRun(1, "web", 3);
  expect((await running(1)).sort()).toEqual(before);
  await docker(1, "service", "rm", "web");
  await until("nothing runs", async () => (await docker(1, "ps", "-aq")) === "", 30_000);
}, 60_000);

const stateOf = async (by: number, ip: string) =>
  ((await rig.host(by).daemon.api("GET", "/nodes")).json as { Status: { Addr: string; State: string } }[]).find(
    ({ Status }) => Status.Addr === ip,
  )?.Status.State;

test("three nodes: tasks spread, a dead worker's run elsewhere, a cut-off one comes back", async () => {
  const token = await docker(1, "swarm", "join-token", "-q", "worker");
  for (const number of [2, 3]) {
    const joined = await docker(number, "swarm", "join", "--token", token, "10.66.0.1:2377");
    expect(joined).toBe("This node joined a swarm as a worker.");
  }
  const refused = await rig.host(2).daemon.docker("node", "ls");
  expect(refused.stderr).toContain("Worker nodes can't be used to view or modify cluster state.");
  await docker(1, ...create, "--name", "web", "--replicas", "6", "busybox", "sleep", "1000");
  await allRun(1, "web", 6);
  expect(await Promise.all([1, 2, 3].map(async (number) => (await running(number)).length))).toEqual([2, 2, 2]);

  const killed = performance.now();
  await rig.host(3).daemon.kill();
  await until("it is down", async () => (await stateOf(1, rig.host(3).ip)) === "down");
  await until("its tasks run elsewhere", async () => (await running(1)).length + (await running(2)).length === 6);
  console.log(`a dead worker's tasks run elsewhere after ${Math.round(performance.now() - killed)} ms`);
  await rig.host(3).daemon.up();
  await until("it is ready", async () => (await stateOf(1, rig.host(3).ip)) === "ready");
  await until("what was replaced is gone", async () => (await running(3)).length === 0, 20_000);

  await rig.host(2).cutOff();
  await until("it is down", async () => (await stateOf(1, rig.host(2).ip)) === "down");
  const alone = await running(2);
  expect(alone.length).toBeGreaterThan(0);
  await until("six run without it", async () => (await running(1)).length + (await running(3)).length === 6, 20_000);
  expect(await running(2)).toEqual(alone);
  await rig.host(2).heal();
  await until("it is ready", async () => (await stateOf(1, rig.host(2).ip)) === "ready", 20_000);
  await until("no task runs twice", async () => (await running(2)).length === 0, 20_000);
}, 120_000);

test("managers: one that dies is replaced in the lead, and its tasks are", async () => {
  for (const number of [2, 3])
    await docker(1, "node", "promote", await docker(number, "info", "-f", "{{.Swarm.NodeID}}"));
  for (const number of [2, 3]) {
    await until(
      `${number} is a manager`,
      async () => {
        const { json } = await rig.host(number).daemon.api("GET", "/info");
        return json.Swarm.ControlAvailable === true;
      },
      40_000,
    );
  }
  expect(await docker(2, "node", "ls", "--format", "{{.ManagerStatus}}")).toMatch(/Leader/);
  const leader = async () =>
    (await docker(2, "node", "ls", "--format", "{{.ID}} {{.ManagerStatus}}"))
      .split("\n")
      .find((line) => line.endsWith("Leader"));
  const first = await docker(1, "info", "-f", "{{.Swarm.NodeID}}");
  expect(await leader()).toBe(`${first} Leader`);
  const killed = performance.now();
  await rig.host(1).daemon.kill();
  await until("another leads", async () => ((await leader()) ?? first).startsWith(first) === false, 20_000);
  console.log(`another manager leads after ${Math.round(performance.now() - killed)} ms`);
  await until(
    "all six run on the others",
    async () => (await running(2)).length + (await running(3)).length === 6,
    20_000,
  );
  console.log(`a dead leader's tasks run elsewhere after ${Math.round(performance.now() - killed)} ms`);
  await rig.host(1).daemon.up();
  await until("it is ready", async () => (await stateOf(2, rig.host(1).ip)) === "ready", 20_000);
  await until("no task runs twice", async () => (await running(1)).length === 0, 20_000);

  // Each node is connected to some manager, of which one is asked.
  const say = ["sh", "-c", "echo I am $HOSTNAME; exec sleep 1000"];
  await docker(2, ...create, "--mode", "global", "--name", "say", "--hostname", "{{.Task.Slot}}", "busybox", ...say);
  const said = async (by: number, ...how: string[]) => (await docker(by, "service", "logs", ...how, "say")).split("\n");
  await until("all have said it", async () => (await said(3, "--raw")).length === 3);
  for (const line of await said(2)) expect(line).toMatch(/^say\.0\.\w{12}@\S+ +\| I am \w{25}$/);
  await docker(2, "service", "rm", "say");

  await docker(2, "node", "demote", first);
  await until(
    "it is a worker",
    async () => {
      const { json } = await rig.host(1).daemon.api("GET", "/info");
      return json.Swarm.ControlAvailable === false;
    },
    30_000,
  );
  await docker(1, "swarm", "leave");
  await until("it is down", async () => (await stateOf(2, rig.host(1).ip)) === "down", 20_000);
  await docker(2, "node", "rm", first);
  await docker(2, "service", "rm", "web");
  for (const number of [2, 3]) {
    await until("nothing runs", async () => (await docker(number, "ps", "-aq")) === "", 30_000);
    await docker(number, "swarm", "leave", "--force");
    expect(await docker(number, "info", "--format", "{{.Swarm.LocalNodeState}}")).toBe("inactive");
  }
}, 180_000);

test("a locked manager waits for its key", async () => {
  const { ip, daemon } = rig.host(1);
  const told = await docker(1, "swarm", "init", "--autolock", "--advertise-addr", ip);
  const [key = ""] = /SWMKEY-1-[A-Za-z0-9+/]{43}/.exec(told) ?? [];
  expect(await docker(1, "swarm", "unlock-key", "-q")).toBe(key);
  expect((await daemon.docker("swarm", "unlock")).stderr).toContain("Error: swarm is not locked");
  await daemon.restart();
  const state = async () => (await daemon.api("GET", "/info")).json.Swarm.LocalNodeState;
  await until("it is locked", async () => (await state()) === "locked");
  expect((await daemon.docker("node", "ls")).stderr).toContain(
    'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.',
  );
  const wrong = await daemon.api("POST", "/swarm/unlock", { UnlockKey: `SWMKEY-1-${"A".repeat(43)}` });
  expect([wrong.status, wrong.json.message]).toEqual([401, "swarm could not be unlocked: invalid key provided"]);
  expect((await daemon.api("POST", "/swarm/unlock", { UnlockKey: key })).status).toBe(200);
  expect(await state()).toBe("active");
  expect((await daemon.api("POST", "/swarm/unlock", { UnlockKey: key })).status).toBe(409);
  const other = await docker(1, "swarm", "unlock-key", "-q", "--rotate");
  expect(other).not.toBe(key);
  await daemon.restart();
  await until("it is locked", async () => (await state()) === "locked");
  expect((await daemon.api("POST", "/swarm/unlock", { UnlockKey: key })).status).toBe(401);
  const left = await daemon.api("POST", "/swarm/leave");
  expect(left.json.message).toStartWith("Swarm is encrypted and locked.");
  await docker(1, "swarm", "leave", "--force");
  expect(await state()).toBe("inactive");
}, 60_000);
