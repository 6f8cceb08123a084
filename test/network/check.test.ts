import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { NetworkCheckItem } from "../../src/api/types/network.ts";
import { Daemon, until } from "../harness.ts";
import { inside } from "./harness.ts";
import { type Machine, ownMachine } from "./machine.ts";

setDefaultTimeout(60_000);

let machine: Machine;
let daemon: Daemon;
let web = "";
let peer = "";
let bridge = "";
let veth = "";

beforeAll(async () => {
  machine = await ownMachine();
  daemon = await Daemon.start({ netns: machine.path });
  bridge = `br-${(await daemon.ok("network", "create", "--ipv6", "own")).slice(0, 12)}`;
  const serve = "mkdir /w; echo served >/w/index.html; exec httpd -f -p 80 -h /w";
  web = join(
    daemon.execRoot,
    "netns",
    await daemon.ok("run", "-d", "--name", "web", "--network", "own", "-p", "18401:80", "busybox", "sh", "-c", serve),
  );
  peer = join(
    daemon.execRoot,
    "netns",
    await daemon.ok("run", "-d", "--name", "peer", "--network", "own", "busybox", "sleep", "600"),
  );
  const endpoint = await daemon.ok("inspect", "-f", "{{.NetworkSettings.Networks.own.EndpointID}}", "web");
  veth = `veth${endpoint.slice(0, 11)}`;
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

/** Names are answered, the container reaches its neighbour and is reached from outside. */
async function expectTraffic(): Promise<void> {
  expect(await machine.fetch(`http://${machine.ip}:18401/`)).toBe("served\n");
  const address = await daemon.ok("inspect", "-f", "{{.NetworkSettings.Networks.own.IPAddress}}", "web");
  expect((await inside(peer, ["curl", "-s", "-m", "3", `http://${address}/`])).stdout).toBe("served\n");
  expect((await daemon.docker("exec", "peer", "nslookup", "-type=a", "web", "127.0.0.11")).stdout).toContain(address);
}

const check = (...args: string[]) => daemon.berth("network", "check", ...args);
const wrong = async (): Promise<NetworkCheckItem[]> =>
  (await daemon.api("GET", "/berth/networks/check")).json.filter(({ State }: NetworkCheckItem) => State !== "ok");

test("where all is as it should be there is nothing to tell", async () => {
  const result = await check();
  expect(result).toMatchObject({ exitCode: 0, stdout: "" });
  expect(result.stderr).toMatch(/^\d+ things checked: all as they should be\n$/);
  const { stdout } = await check("--all");
  for (const words of [
    /^OBJECT +OWNER +STATE +WANTED +FOUND\n/,
    new RegExp(`link ${bridge} +own +ok +bridge, up, mtu 1500`),
    /chain forward +firewall +ok/,
    /interface eth0 in own +web +ok/,
    /name service +peer +ok/,
    /ports held +web +ok +1 +1/,
    /sysctl net\.ipv4\.ip_forward +machine +ok/,
  ]) {
    expect(stdout).toMatch(words);
  }
  expect(JSON.parse((await check("--all", "--format", "json")).stdout.split("\n")[0] ?? "")).toHaveProperty(
    "State",
    "ok",
  );
  await expectTraffic();
});

const ns =
  (path: string, ...argv: string[]) =>
  async () => {
    const { exitCode, stderr } = await inside(path, argv);
    if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  };

test.each<[string, () => Promise<unknown>, string]>([
  ["a bridge that is gone", () => machine.run("ip", "link", "del", bridge), "link BRIDGE own missing"],
  ["a bridge that is down", () => machine.run("ip", "link", "set", bridge, "down"), "link BRIDGE own differs"],
  [
    "a bridge without addresses",
    () => machine.run("ip", "address", "flush", "dev", bridge),
    "address of BRIDGE own missing",
  ],
  [
    "an address too many",
    () => machine.run("ip", "address", "add", "192.0.2.1/24", "dev", bridge),
    "address of BRIDGE own extra",
  ],
  [
    "a route that is gone",
    () =>
      machine.run("sh", "-c", `ip route del $(ip -4 route show dev ${bridge} | head -1 | cut -d' ' -f1) dev ${bridge}`),
    "route through BRIDGE own missing",
  ],
  [
    "a setting of a bridge",
    () => machine.run("sysctl", "-qw", `net.ipv4.conf.${bridge}.route_localnet=0`),
    "sysctl net.ipv4.conf.BRIDGE.route_localnet own differs",
  ],
  [
    "forwarding",
    () => machine.run("sysctl", "-qw", "net.ipv4.ip_forward=0"),
    "sysctl net.ipv4.ip_forward machine differs",
  ],
  ["a link that is gone", () => machine.run("ip", "link", "del", veth), "interface eth0 in own web missing"],
  ["a link on no bridge", () => machine.run("ip", "link", "set", veth, "nomaster"), "link VETH web differs"],
  ["a link that is down", () => machine.run("ip", "link", "set", veth, "down"), "link VETH web differs"],
  [
    "an interface that is down",
    () => ns(web, "ip", "link", "set", "eth0", "down")(),
    "interface eth0 in own web differs",
  ],
  [
    "an interface without addresses",
    () => ns(web, "ip", "address", "flush", "dev", "eth0")(),
    "address of eth0 in own web missing",
  ],
  ["no way out", () => ns(web, "ip", "route", "del", "default")(), "default route IPv4 web missing"],
  ["no name service", () => ns(peer, "nft", "flush", "ruleset")(), "name service peer missing"],
])("%s", async (_, spoil, row) => {
  await spoil();
  const rows = (await wrong()).map(({ Object, Owner, State }) => `${Object} ${Owner} ${State}`);
  expect(rows).toContain(row.replace("BRIDGE", bridge).replace("VETH", veth));
  const found = await check();
  expect(found.exitCode).toBe(1);
  expect(found.stdout).toMatch(/OBJECT.*\n.*(missing|differs|extra)/);
  const repaired = await check("--repair");
  expect(repaired).toMatchObject({ exitCode: 0 });
  expect(repaired.stdout).toContain("repaired");
  expect(await wrong()).toEqual([]);
  await until("traffic", async () => (await machine.fetch(`http://${machine.ip}:18401/`)) === "served\n", 10_000);
  await expectTraffic();
});

test("what the watch would mend by itself is found where there is none to watch", async () => {
  // The daemon stands still, so that it mends nothing before it is asked.
  process.kill(daemon.pid, "SIGSTOP");
  await machine.run("nft", "add", "element", "inet", `berth_${daemon.instance}`, "pub4", "{ tcp . 9 : 10.9.9.9 . 9 }");
  const asked = wrong();
  process.kill(daemon.pid, "SIGCONT");
  await asked;
  await until("peace", async () => (await wrong()).length === 0, 10_000);
  expect(await machine.run("nft", "list", "map", "inet", `berth_${daemon.instance}`, "pub4")).not.toContain("10.9.9.9");
});

test("rules in other firewalls' chains are looked for where those drop", async () => {
  await machine.run("iptables", "-P", "FORWARD", "DROP");
  await until("the bridges to be let through", async () => (await wrong()).length === 0, 5000);
  // Where the daemon stands still it can only find what was there before it was asked.
  process.kill(daemon.pid, "SIGSTOP");
  await machine.run("iptables", "-F", "FORWARD");
  const asked = daemon.api("GET", "/berth/networks/check");
  process.kill(daemon.pid, "SIGCONT");
  expect((await asked).status).toBe(200);
  await until(
    "the rules",
    async () => (await wrong()).length === 0 && (await machine.run("iptables", "-S", "FORWARD")).includes(bridge),
    5000,
  );
  await machine.run("iptables", "-P", "FORWARD", "ACCEPT");
});

test("Docker's clients see nothing of it: a network may be called check", async () => {
  await daemon.ok("network", "create", "check");
  expect(await daemon.ok("network", "inspect", "-f", "{{.Name}}", "check")).toBe("check");
  await daemon.ok("network", "rm", "check");
  expect((await daemon.api("GET", "/v1.43/berth/networks/check")).status).toBe(200);
});
