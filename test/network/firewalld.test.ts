import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";
import { FirewalldMachine } from "./firewalld.ts";
import { inside } from "./harness.ts";
import { httpServer } from "./http.ts";
import { type Machine, ownMachine } from "./machine.ts";

setDefaultTimeout(60_000);

/** The real firewalld, on a machine and a message bus of its own. */
let machine: Machine;
let firewalld: FirewalldMachine;
let daemon: Daemon;
let servers: AsyncDisposable[];
let port = "";

const netns = async (name: string) => join(daemon.execRoot, "netns", await daemon.ok("inspect", "-f", "{{.Id}}", name));
const get = async (name: string, url: string) =>
  (await inside(await netns(name), ["curl", "-sS", "-m", "2", "--noproxy", "*", url])).stdout.trim();
const address = (name: string, network: string) =>
  daemon.ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
const zoneOf = (bridge: string) => firewalld.command(`--get-zone-of-interface=${bridge}`).catch(() => "");

beforeAll(async () => {
  machine = await ownMachine();
  firewalld = new FirewalldMachine(machine);
  await firewalld.startBus();
  daemon = await Daemon.start({ netns: machine.path, env: firewalld.environment });
  servers = [
    await httpServer(machine.outside.path, 8000, "out there"),
    await httpServer(machine.path, 8001, "the machine"),
  ];
  const page = "mkdir /w; echo served >/w/index.html; exec httpd -f -p 80 -h /w";
  await daemon.ok("run", "-d", "--name", "web", "-p", "80", "busybox", "sh", "-c", page);
  port = (await daemon.ok("port", "web", "80")).split("\n")[0]?.split(":").at(-1) ?? "";
  await daemon.ok("network", "create", "apart");
  await daemon.ok("run", "-d", "--name", "first", "--network", "apart", "busybox", "sh", "-c", page);
  await daemon.ok("run", "-d", "--name", "second", "--network", "apart", "busybox", "sh", "-c", page);
});
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
  await firewalld[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

async function expectTraffic(): Promise<void> {
  // firewalld that just came up, or read its rules again, has moments without an answer of its own making.
  for (const host of [machine.ip, `[${machine.ip6}]`]) {
    await until(
      `an answer from ${host}`,
      async () => (await machine.fetch(`http://${host}:${port}/`, 2)) === "served\n",
      10_000,
    );
  }
  expect(await get("web", `http://${machine.outside.ip}:8000/`)).toBe("out there");
  expect(await get("first", `http://${machine.outside.ip}:8000/`)).toBe("out there");
  expect(await get("first", `http://${machine.ip}:8001/`)).toBe("the machine");
  expect(await get("first", `http://${await address("second", "apart")}/`)).toBe("served");
  expect(await get("web", `http://${await address("first", "apart")}/`)).toBe("");
  expect(await machine.fetch(`http://${await address("web", "bridge")}/`, 1)).toBe("");
}

test("firewalld that starts after the containers gets their bridges into a zone of the engine's own", async () => {
  await expectTraffic();
  await firewalld.startFirewalld();
  await until("the bridge in its zone", async () => (await zoneOf(daemon.bridge)) === "berth", 10_000);
  await until("traffic", async () => (await get("web", `http://${machine.outside.ip}:8000/`)) === "out there", 10_000);
  await expectTraffic();
  // What firewalld closes for everybody else is closed: 8001 is nobody's published port.
  expect(await machine.fetch(`http://${machine.ip}:8001/`, 1)).toBe("");
});

test.each([["--reload"], ["--complete-reload"]])("firewall-cmd %s", async (how) => {
  await firewalld.command(how);
  await until("the bridge in its zone", async () => (await zoneOf(daemon.bridge)) === "berth", 1000);
  await expectTraffic();
});

test("a new network is in the zone before its first container; a removed one is not", async () => {
  const id = await daemon.ok("network", "create", "late");
  const bridge = `br-${id.slice(0, 12)}`;
  expect(await zoneOf(bridge)).toBe("berth");
  await daemon.ok("network", "rm", "late");
  expect((await firewalld.command("--zone=berth", "--list-interfaces")).split(" ")).not.toContain(bridge);
});

test("a bridge that the administrator has put elsewhere stays there", async () => {
  await firewalld.command("--zone=trusted", `--change-interface=${daemon.bridge}`);
  await daemon.restart();
  await daemon.ok("network", "create", "passing");
  await daemon.ok("network", "rm", "passing");
  expect(await zoneOf(daemon.bridge)).toBe("trusted");
  await firewalld.command("--zone=berth", `--change-interface=${daemon.bridge}`);
});

test("an end and a new start of firewalld, and nft flush ruleset with it running", async () => {
  await firewalld.stopFirewalld();
  await expectTraffic();
  await firewalld.startFirewalld();
  await until("the bridge in its zone", async () => (await zoneOf(daemon.bridge)) === "berth", 10_000);
  await expectTraffic();
  await machine.run("nft", "flush", "ruleset");
  await until("the table", async () => (await machine.run("nft", "list", "tables")).includes(daemon.instance), 1000);
  await expectTraffic();
});
