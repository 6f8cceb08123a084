import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";
import { inside } from "./harness.ts";
import { httpServer } from "./http.ts";
import { type Machine, ownMachine } from "./machine.ts";
import { ufwOn } from "./ufw.ts";

setDefaultTimeout(60_000);

/** What belongs to the engine in the machine's packet filter, and what others do to it. */
let machine: Machine;
let daemon: Daemon;
let outsideServer: AsyncDisposable;
const web = { port: "18080", ip: "" };
let lonely = "";

beforeAll(async () => {
  machine = await ownMachine();
  daemon = await Daemon.start({ netns: machine.path });
  outsideServer = await httpServer(machine.outside.path, 8000, "out there");
  const page = "mkdir /w; echo served >/w/index.html; exec httpd -f -p 80 -h /w";
  await daemon.ok("run", "-d", "--name", "web", "-p", `${web.port}:80`, "busybox", "sh", "-c", page);
  web.ip = await daemon.ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web");
  await daemon.ok("network", "create", "apart");
  await daemon.ok("run", "-d", "--name", "lonely", "--network", "apart", "busybox", "sh", "-c", page);
  lonely = await daemon.ok("inspect", "-f", "{{.NetworkSettings.Networks.apart.IPAddress}}", "lonely");
});
afterAll(async () => {
  await outsideServer[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

/** The table, whatever the order in which its parts came. */
const table = async () =>
  (await machine.run("nft", "list", "table", "inet", `berth_${daemon.instance}`))
    .split("\n\n")
    .map((part) => part.replace(/^table.*\n|^\}\n?/gm, "").trim())
    .sort()
    .join("\n");
const get = async (from: string, url: string) => {
  const id = await daemon.ok("inspect", "-f", "{{.Id}}", from);
  return (
    await inside(join(daemon.execRoot, "netns", id), ["curl", "-sS", "-m", "2", "--noproxy", "*", url])
  ).stdout.trim();
};

/** Published ports answer, containers reach out, networks are apart and closed to who only knows the address. */
async function expectTraffic(): Promise<void> {
  expect(await machine.fetch(`http://${machine.ip}:${web.port}/`)).toBe("served\n");
  expect(await get("web", `http://${machine.outside.ip}:8000/`)).toBe("out there");
  expect(await get("web", `http://${lonely}/`)).toBe("");
  expect(await machine.fetch(`http://${web.ip}/`, 1)).toBe("");
}

/** How long it takes until the table is there again. */
async function restoredWithin(ms: number, undo: () => Promise<unknown>): Promise<void> {
  // What the last test did may not be mended yet.
  const before = await until("the table to begin with", () => table().catch(() => ""));
  await undo();
  const began = performance.now();
  await until("the table", async () => (await table().catch(() => "")) === before, ms);
  expect(performance.now() - began).toBeLessThan(ms);
}

test("everything works to begin with", expectTraffic);

test("nft flush ruleset: back within a second", async () => {
  await restoredWithin(1000, () => machine.run("nft", "flush", "ruleset"));
  await expectTraffic();
});

test("a connection that comes while the rules are away is not accepted by nobody: it finds the container", async () => {
  for (let round = 0; round < 5; round++) {
    const [page] = await Promise.all([
      machine.fetch(`http://${machine.ip}:${web.port}/`, 10),
      machine.run("sh", "-c", "nft flush ruleset; nft add table inet other; nft flush ruleset"),
    ]);
    expect(page).toBe("served\n");
  }
});

test.each([
  ["a chain of ours emptied", ["nft", "flush", "chain", "inet", "TABLE", "forward"]],
  ["a map of ours emptied", ["nft", "flush", "map", "inet", "TABLE", "pub4"]],
  ["a policy of ours turned", ["nft", "chain", "inet", "TABLE", "forward", "{ policy drop; }"]],
  ["a rule put into a chain of ours", ["nft", "insert", "rule", "inet", "TABLE", "forward", "drop"]],
  ["the whole table deleted", ["nft", "delete", "table", "inet", "TABLE"]],
])("%s", async (_, command) => {
  await restoredWithin(1000, () =>
    machine.run(...command.map((word) => word.replace("TABLE", `berth_${daemon.instance}`))),
  );
  await expectTraffic();
});

test("one burst is one restore, and the engine's own changes are none", async () => {
  const restores = () => daemon.log().split("restored").length - 1;
  const before = restores();
  await daemon.ok("run", "-d", "--name", "more", "-p", "18100-18110:80-90", "busybox", "sleep", "600");
  await daemon.ok("network", "create", "passing");
  await daemon.ok("network", "rm", "passing");
  await daemon.ok("rm", "-f", "more");
  expect(restores()).toBe(before);
  // Forty changes in one go, then one more: what is mended is mended.
  await restoredWithin(1000, () =>
    machine.run(
      "sh",
      "-c",
      `for i in $(seq 40); do echo "add table inet other; add chain inet other c; delete table inet other; ` +
        `delete table inet berth_${daemon.instance}; add table inet berth_${daemon.instance}"; done | nft -f -`,
    ),
  );
  await until("the restore to be told", () => restores() > before);
  await restoredWithin(1000, () => machine.run("nft", "flush", "chain", "inet", `berth_${daemon.instance}`, "forward"));
  await until("the second one to be told", () => restores() > before + 1);
  expect(restores()).toBe(before + 2);
  await expectTraffic();
});

test("the administrator's chain decides first, and outlives every restore", async () => {
  const name = `berth_${daemon.instance}`;
  await machine.run("nft", "add", "set", "inet", name, "banned", "{ type ipv4_addr; }");
  await machine.run("nft", "add", "element", "inet", name, "banned", `{ ${machine.outside.ip} }`);
  await machine.run("nft", "add", "rule", "inet", name, "user", "ip", "saddr", "@banned", "tcp", "dport", "80", "drop");
  const banned = async () => (await machine.fetch(`http://${machine.ip}:${web.port}/`, 1)) === "";
  expect(await banned()).toBe(true);
  await restoredWithin(1000, () => machine.run("nft", "flush", "chain", "inet", name, "forward"));
  expect(await banned()).toBe(true);
  await restoredWithin(1000, () => machine.run("nft", "flush", "ruleset"));
  expect(await banned()).toBe(true);
  await daemon.restart();
  expect(await banned()).toBe(true);
  // What the administrator takes away stays away.
  await machine.run("nft", "flush", "chain", "inet", name, "user");
  await machine.run("nft", "delete", "set", "inet", name, "banned");
  await restoredWithin(1000, () => machine.run("nft", "flush", "chain", "inet", name, "forward"));
  expect(await banned()).toBe(false);
  await machine.run(
    "nft",
    "add",
    "rule",
    "inet",
    name,
    "user",
    "ip",
    "saddr",
    machine.outside.ip,
    "ip",
    "daddr",
    web.ip,
    "accept",
  );
  expect(await machine.fetch(`http://${web.ip}/`)).toBe("served\n");
  await machine.run("nft", "flush", "chain", "inet", name, "user");
  await expectTraffic();
});

test("iptables -P FORWARD DROP and -F FORWARD after the containers have started", async () => {
  for (const program of ["iptables", "ip6tables"]) await machine.run(program, "-P", "FORWARD", "DROP");
  await until(
    "the bridges to be let through",
    async () => (await machine.run("iptables", "-S", "FORWARD")).includes(daemon.bridge),
    1000,
  );
  await until("traffic", async () => (await get("web", `http://${machine.outside.ip}:8000/`)) === "out there", 5000);
  await expectTraffic();
  await machine.run("iptables", "-F", "FORWARD");
  await until(
    "the bridges to be let through again",
    async () => (await machine.run("iptables", "-S", "FORWARD")).includes(daemon.bridge),
    1000,
  );
  await expectTraffic();
  // An engine of the other kind rewrites its rules and rejects what is left at the end.
  await inside(
    machine.path,
    ["iptables-restore"],
    "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i docker0 -j " +
      "ACCEPT\n-A FORWARD -j REJECT\nCOMMIT\n",
  );
  await until(
    "the bridges in front of the end",
    async () => /berth[^]*-j REJECT/.test(await machine.run("iptables", "-S", "FORWARD")),
    1000,
  );
  await expectTraffic();
  for (const program of ["iptables", "ip6tables"]) {
    await machine.run(program, "-F", "FORWARD");
    await machine.run(program, "-P", "FORWARD", "ACCEPT");
  }
});

test.each(["deny", "reject"])("ufw, enabled later, with routed traffic set to %s", async (routed) => {
  await using firewall = ufwOn(machine);
  await firewall.ufw("default", routed, "routed");
  await firewall.ufw("--force", "enable");
  await until(
    "the bridges to be let through",
    async () => (await machine.run("iptables", "-S", "FORWARD")).includes(daemon.bridge),
    1000,
  );
  await expectTraffic();
  expect(await machine.fetch(`http://[${machine.ip6}]:${web.port}/`)).toBe("served\n");
  await firewall.ufw("reload");
  await until(
    "the bridges to be let through again",
    async () => (await machine.run("iptables", "-S", "FORWARD")).includes(daemon.bridge),
    1000,
  );
  await expectTraffic();
});
