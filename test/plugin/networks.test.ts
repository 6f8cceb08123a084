import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { Daemon, until } from "../harness.ts";
import { NetworkPlugin } from "./network-plugin.ts";

let root: string;
let daemon: Daemon;
let plugin: NetworkPlugin;
const mark = `p${randomBytes(2).toString("hex")}`;
const links = () => readdirSync("/sys/class/net").filter((name) => name.startsWith(mark));
beforeAll(async () => {
  root = mkdtempSync("/tmp/berth-plugin-");
  mkdirSync(`${root}/plugins`);
  plugin = new NetworkPlugin(`${root}/plugins/net.sock`, mark);
  daemon = await Daemon.start({ args: ["--plugin-dir", `${root}/plugins`] });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  const left = [...plugin.held(), ...links()];
  plugin[Symbol.dispose]();
  rmSync(root, { recursive: true });
  expect(left).toEqual([]);
});
beforeEach(() => {
  for (const method of Object.keys(plugin.faults)) delete plugin.faults[method];
  plugin.asked.splice(0);
});

const complaint = async (...args: string[]) => {
  const { exitCode, stderr } = await daemon.docker(...args);
  expect(exitCode).not.toBe(0);
  return stderr.trim();
};
const start = (name: string, ...args: string[]) =>
  daemon.ok("run", "-d", "--name", name, "--stop-timeout", "1", ...args, "busybox", "sleep", "1000");
const body = (verb: string) => plugin.asked.find(({ method }) => method.endsWith(`.${verb}`))?.body;

test("a network and its addresses are the plugins', and containers reach each other on it", async () => {
  await daemon.ok("network", "create", "-d", "net", "--ipam-driver", "net", "-o", "k=v", "--ipam-opt", "ik=iv", "own");
  expect(body("RequestPool")).toEqual({
    AddressSpace: "here",
    Pool: "",
    SubPool: "",
    Options: { ik: "iv" },
    V6: false,
  });
  const { NetworkID, ...created } = body("CreateNetwork") as Record<string, unknown>;
  expect(created).toEqual({
    Options: {
      "com.docker.network.enable_ipv4": true,
      "com.docker.network.enable_ipv6": false,
      "com.docker.network.generic": { k: "v" },
    },
    IPv4Data: [{ AddressSpace: "here", Gateway: "10.99.7.1/24", Pool: "10.99.7.0/24" }],
    IPv6Data: [],
  });
  expect(plugin.verbs()).toEqual([
    "Plugin.Activate",
    "Network.GetCapabilities",
    "Ipam.GetCapabilities",
    "Ipam.GetDefaultAddressSpaces",
    "Ipam.RequestPool",
    "Ipam.RequestAddress",
    "Network.CreateNetwork",
  ]);
  const [shown] = JSON.parse(await daemon.ok("network", "inspect", "own"));
  expect([shown.Id, shown.Driver, shown.Scope, shown.IPAM.Config]).toEqual([
    NetworkID,
    "net",
    "local",
    [{ Subnet: "10.99.7.0/24", Gateway: "10.99.7.1" }],
  ]);
  expect(await daemon.ok("info", "-f", "{{.Plugins.Network}}")).toContain(" net ");

  await start("one", "--network", "own", "-p", "18099:80");
  expect(body("RequestAddress")).toMatchObject({
    Address: "",
    Options: { "com.docker.network.endpoint.macaddress": expect.stringMatching(/^02(:[0-9a-f]{2}){5}$/) },
  });
  expect(body("CreateEndpoint")).toMatchObject({
    NetworkID,
    Interface: { Address: "10.99.7.2/24", AddressIPv6: "" },
    Options: {
      "com.docker.network.endpoint.exposedports": [{ Proto: 6, Port: 80 }],
      "com.docker.network.portmap": [{ Proto: 6, IP: "", Port: 80, HostIP: "", HostPort: 18099, HostPortEnd: 18099 }],
    },
  });
  expect(plugin.verbs()).toEqual([
    "Ipam.RequestAddress",
    "Network.CreateEndpoint",
    "Network.Join",
    "Network.ProgramExternalConnectivity",
    "Network.EndpointOperInfo",
  ]);
  expect(await daemon.ok("exec", "one", "ip", "-4", "address", "show", "plug0")).toContain("inet 10.99.7.2/24");
  const routes = await daemon.ok("exec", "one", "ip", "route");
  expect(routes).toContain("default via 10.99.7.1 dev plug0");
  expect(routes).toContain("192.0.2.0/24 dev plug0");
  const endpoint = JSON.parse(await daemon.ok("inspect", "one", "-f", "{{json .NetworkSettings.Networks.own}}"));
  expect([endpoint.IPAddress, endpoint.Gateway]).toEqual(["10.99.7.2", "10.99.7.1"]);

  await start("two", "--network", "own");
  await daemon.ok("exec", "two", "ping", "-c", "1", "-W", "5", "one");
  plugin.methods();
  await daemon.ok("stop", "one");
  expect(plugin.verbs()).toEqual([
    "Network.RevokeExternalConnectivity",
    "Network.Leave",
    "Network.DeleteEndpoint",
    "Ipam.ReleaseAddress",
  ]);
  await daemon.ok("start", "one");
  await daemon.ok("rm", "-f", "one", "two");
  plugin.methods();
  await daemon.ok("network", "rm", "own");
  expect(plugin.verbs()).toEqual(["Ipam.ReleaseAddress", "Ipam.ReleasePool", "Network.DeleteNetwork"]);
  expect([...plugin.held(), ...links()]).toEqual([]);
});

test("connect and disconnect; addresses that the engine chooses, or the plugin alone", async () => {
  await daemon.ok("network", "create", "-d", "net", "half");
  await daemon.ok("network", "create", "--ipam-driver", "net", "--subnet", "10.98.3.0/24", "other");
  await start("both", "--network", "other", "--ip", "10.98.3.77");
  expect(plugin.addresses.has("10.98.3.77")).toBe(true);
  await daemon.ok("network", "connect", "half", "both");
  expect(await daemon.ok("exec", "both", "ip", "link", "show", "plug0")).toContain("02:aa:bb:cc:dd:ee");
  await daemon.ok("network", "disconnect", "half", "both");
  expect((await daemon.docker("exec", "both", "ip", "link", "show", "plug0")).exitCode).not.toBe(0);
  expect(plugin.endpoints.size).toBe(0);
  expect(await complaint("run", "--rm", "--network", "half", "--ip", "10.1.1.1", "busybox", "true")).toContain(
    "user specified IP address is supported only when connecting to networks with user configured subnets",
  );
  await daemon.ok("rm", "-f", "both");
  await daemon.ok("network", "rm", "half", "other");
});

test("networks of a plugin that reaches beyond this machine have another scope and other subnets", async () => {
  using far = new NetworkPlugin(`${root}/plugins/far.sock`, mark, "global");
  await daemon.ok("network", "create", "-d", "far", "wide");
  const [{ Scope, IPAM }] = JSON.parse(await daemon.ok("network", "inspect", "wide"));
  expect([Scope, IPAM.Config[0].Subnet]).toEqual(["global", expect.stringMatching(/^10\.\d+\.\d+\.0\/24$/)]);
  const created = far.asked.find(({ method }) => method === "NetworkDriver.CreateNetwork")?.body;
  expect(created).toMatchObject({ IPv4Data: [{ AddressSpace: "GlobalDefault" }] });
  await daemon.ok("network", "rm", "wide");
  expect(far.held()).toEqual([]);
});

test("what the plugins refuse, or get wrong, leaves nothing behind", async () => {
  const create = ["network", "create", "-d", "net", "--ipam-driver", "net", "bad"];
  plugin.faults["IpamDriver.RequestPool"] = { Error: "hp no pool" };
  expect(await complaint(...create)).toContain("remote: hp no pool");
  plugin.faults["IpamDriver.RequestPool"] = { PoolID: "id-x", Pool: "nonsense" };
  expect(await complaint(...create)).toContain('remote: the plugin gave no IPv4 subnet: "nonsense"');
  delete plugin.faults["IpamDriver.RequestPool"];
  plugin.faults["NetworkDriver.CreateNetwork"] = { Err: "hp no net" };
  expect(await complaint(...create)).toContain("remote: hp no net");
  delete plugin.faults["NetworkDriver.CreateNetwork"];
  expect(await daemon.ok("network", "ls", "-q", "--filter", "driver=net")).toBe("");
  expect(plugin.held()).toEqual([]);
  expect(await complaint("network", "create", "-d", "nosuch", "bad")).toContain('plugin "nosuch" not found');
  expect(await complaint("network", "create", "--ipam-driver", "nosuch", "bad")).toContain('plugin "nosuch" not found');

  await daemon.ok(...create);
  const run = ["run", "--rm", "--network", "bad", "busybox", "true"];
  const held = plugin.held().length;
  const faults: [method: string, answer: Record<string, unknown>, words: string, undone: string[]][] = [
    ["IpamDriver.RequestAddress", { Error: "hp none" }, "remote: hp none", []],
    ["IpamDriver.RequestAddress", { Address: "10.1.2.3/8" }, "outside of its subnet", ["Ipam.ReleaseAddress"]],
    ["NetworkDriver.CreateEndpoint", { Err: "hp no end" }, "remote: hp no end", ["Ipam.ReleaseAddress"]],
    [
      "NetworkDriver.Join",
      { Err: "hp no join" },
      "failed to set up container networking: remote: hp no join",
      ["Network.DeleteEndpoint", "Ipam.ReleaseAddress"],
    ],
    [
      "NetworkDriver.Join",
      { InterfaceName: { SrcName: "nosuch0", DstPrefix: "x" } },
      'failed to add interface nosuch0 to sandbox: failed to get link by name "nosuch0": Link not found',
      ["Network.RevokeExternalConnectivity", "Network.Leave", "Network.DeleteEndpoint", "Ipam.ReleaseAddress"],
    ],
  ];
  for (const [method, answer, words, undone] of faults) {
    plugin.methods();
    plugin.faults[method] = answer;
    expect(await complaint(...run)).toContain(words);
    delete plugin.faults[method];
    const verbs = plugin.verbs();
    expect(verbs.slice(verbs.length - undone.length)).toEqual(undone);
    expect(plugin.held()).toHaveLength(held);
  }
  plugin.faults["NetworkDriver.DeleteNetwork"] = { Err: "hp keeps it" };
  await daemon.ok("network", "rm", "bad");
  delete plugin.faults["NetworkDriver.DeleteNetwork"];
  expect(await daemon.ok("network", "ls", "-q", "--filter", "driver=net")).toBe("");
  for (const link of links()) Bun.spawnSync(["ip", "link", "delete", link]);
  plugin.networks.clear();
});

test("containers keep their network while the daemon is killed; those that end meanwhile are given back", async () => {
  await daemon.ok("network", "create", "-d", "net", "--ipam-driver", "net", "life");
  await start("stays", "--network", "life");
  await start("ends", "--network", "life");
  const pid = Number(await daemon.ok("inspect", "ends", "-f", "{{.State.Pid}}"));
  await daemon.kill();
  process.kill(pid, "SIGKILL");
  await plugin.leave();
  plugin.forgetAddresses();
  const began = performance.now();
  await daemon.up();
  expect(performance.now() - began).toBeLessThan(10_000);
  plugin.come();
  await until("the plugin to hear of the end", () => plugin.endpoints.size === 1);
  expect(await daemon.ok("exec", "stays", "ip", "-4", "address", "show", "plug0")).toContain("inet 10.99.7.");
  const inUse = [
    await daemon.ok("inspect", "stays", "-f", "{{.NetworkSettings.Networks.life.IPAddress}}"),
    await daemon.ok("network", "inspect", "life", "-f", "{{(index .IPAM.Config 0).Gateway}}"),
  ];
  expect(inUse.filter((address) => !plugin.addresses.has(address))).toEqual([]);
  await daemon.ok("start", "ends");
  await daemon.ok("exec", "ends", "ping", "-c", "1", "-W", "5", "stays");
  await daemon.ok("rm", "-f", "stays", "ends");
  await daemon.ok("network", "rm", "life");
  expect([...plugin.held(), ...links()]).toEqual([]);
});
