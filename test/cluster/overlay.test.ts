/** Containers on several machines, on one network. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { runOk } from "../../src/lib/run.ts";
import { until } from "../harness.ts";
import { ClusterHosts } from "./hosts.ts";

let rig: ClusterHosts;
beforeAll(async () => {
  rig = await ClusterHosts.start(2);
  await docker(1, "swarm", "init", "--advertise-addr", rig.host(1).ip);
  const token = await docker(1, "swarm", "join-token", "-q", "worker");
  await docker(2, "swarm", "join", "--token", token, `${rig.host(1).ip}:2377`);
});
afterAll(() => rig[Symbol.asyncDispose]());

const docker = (number: number, ...args: string[]) => rig.host(number).daemon.ok(...args);
const links = async (number: number) =>
  (await runOk(["ip", "-n", rig.host(number).name, "-o", "link", "show", "type", "vxlan"])).trim();
const service = (name: string, ...options: string[]) =>
  docker(
    1,
    "service",
    "create",
    "-d",
    "--no-resolve-image",
    "--stop-grace-period",
    "100ms",
    "--name",
    name,
    ...options,
  );
const containerOf = (number: number, name: string) =>
  until(`a container of ${name} on ${number}`, async () =>
    docker(number, "ps", "-q", "--filter", `label=com.docker.swarm.service.name=${name}`),
  );
const addressOf = (number: number, id: string, network: string) =>
  docker(number, "inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, id);
const answers = async (number: number, id: string, name: string) =>
  [...(await docker(number, "exec", id, "nslookup", name)).matchAll(/^Address: ([0-9.]+)$/gm)]
    .map(([, ip]) => ip)
    .sort();

test("tasks reach each other by address and by name, wherever they run; nothing stays behind", async () => {
  await docker(1, "network", "create", "-d", "overlay", "--subnet", "10.20.0.0/24", "ov");
  expect(await links(1)).toBe("");
  await service("web", "--mode", "global", "--network", "name=ov,alias=site", "busybox", "sleep", "1000");
  const [one, two] = await Promise.all([containerOf(1, "web"), containerOf(2, "web")]);
  const [first, second] = await Promise.all([addressOf(1, one, "ov"), addressOf(2, two, "ov")]);
  // The first address is the service's own, after the gateway's.
  expect([first, second].sort()).toEqual(["10.20.0.3", "10.20.0.4"]);
  for (const [number, id] of [
    [1, one],
    [2, two],
  ] as const) {
    await until("both are known", async () => (await answers(number, id, "tasks.web")).length === 2);
    expect(await answers(number, id, "tasks.web")).toEqual([first, second].sort());
    for (const name of ["web", "site"]) expect(await answers(number, id, name)).toEqual(["10.20.0.2"]);
  }
  await docker(1, "exec", one, "ping", "-c", "1", "-W", "5", second);
  await docker(2, "exec", two, "ping", "-c", "1", "-W", "5", first);
  // As large as fits, and no larger: what the tunnel adds is allowed for.
  await docker(1, "exec", one, "ping", "-c", "1", "-W", "5", "-s", "1422", second);
  expect(await docker(1, "exec", one, "cat", "/sys/class/net/eth0/mtu")).toBe("1450");
  expect(await links(2)).toContain("mtu 1450");

  // Somebody deletes the tunnel's knowledge; the next change brings it back.
  const [device = ""] = /vx-\w+/.exec(await links(1)) ?? [];
  await runOk(["ip", "-n", rig.host(1).name, "neigh", "flush", "dev", device, "nud", "permanent"]);
  await service("other", "--network", "ov", "busybox", "sleep", "1000");
  await until("it is there again", async () =>
    (await runOk(["ip", "-n", rig.host(1).name, "neigh", "show", "dev", device, "nud", "permanent"])).includes(second),
  );

  const inUse = await rig.host(1).daemon.docker("network", "rm", "ov");
  expect(inUse.stderr).toContain("is in use by service");
  await docker(1, "service", "rm", "web", "other");
  for (const number of [1, 2]) await until("no tunnel is left", async () => (await links(number)) === "");
  await docker(1, "network", "rm", "ov");
  expect(await docker(1, "network", "ls", "-q", "--filter", "name=ov")).toBe("");
}, 120_000);

test("a task that cannot have its network says why", async () => {
  const plain = await rig.host(2).daemon.docker("network", "create", "-d", "overlay", "elsewhere");
  expect(plain.stderr).toContain("This node is not a swarm manager.");
  await docker(1, "network", "create", "-d", "overlay", "twice");
  await docker(2, "network", "create", "twice");
  await service("stuck", "--network", "twice", "--constraint", `node.id!=${await nodeId(1)}`, "busybox", "sleep", "9");
  await until("it says so", async () =>
    (await docker(1, "service", "ps", "--no-trunc", "--format", "{{.Error}}", "stuck")).includes(
      "network with name twice already exists",
    ),
  );
  await docker(1, "service", "rm", "stuck");
  await docker(2, "network", "rm", "twice");
}, 60_000);

const nodeId = (number: number) => docker(number, "info", "-f", "{{.Swarm.NodeID}}");
