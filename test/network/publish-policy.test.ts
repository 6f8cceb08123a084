import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Daemon, until } from "../harness.ts";
import { FirewalldMachine } from "./firewalld.ts";
import { inside } from "./harness.ts";
import { whoServer } from "./http.ts";
import { type Machine, ownMachine } from "./machine.ts";
import { askUdp, udpServer } from "./udp.ts";
import { ufwOn } from "./ufw.ts";

setDefaultTimeout(60_000);

const option = "com.berth.network.publish-policy";
const guarded = 18201;
const open = 18202;
const alone = 18203;
const datagrams = 18204;

let machine: Machine;
let bus: FirewalldMachine;
let daemon: Daemon;
let servers: AsyncDisposable[];

const netns = async (name: string) => join(daemon.execRoot, "netns", await daemon.ok("inspect", "-f", "{{.Id}}", name));
/** Answers tell who asked. */
const ask = (port: number, host = machine.ip) => machine.fetch(`http://${host}:${port}/`, 3);

beforeAll(async () => {
  machine = await ownMachine();
  bus = new FirewalldMachine(machine);
  await bus.startBus();
  daemon = await Daemon.start({ netns: machine.path, env: bus.environment });
  await daemon.ok("network", "create", "-o", `${option}=host-firewall`, "behind");
  await daemon.ok("network", "create", "-o", `${option}=loopback`, "inward");
  await daemon.ok(
    "run",
    "-d",
    "--name",
    "guarded",
    "--network",
    "behind",
    "-p",
    `${guarded}:80`,
    "-p",
    `${datagrams}:53/udp`,
    "busybox",
    "sleep",
    "600",
  );
  await daemon.ok("run", "-d", "--name", "open", "-p", `${open}:80`, "busybox", "sleep", "600");
  await daemon.ok(
    "run",
    "-d",
    "--name",
    "alone",
    "--network",
    "inward",
    "-p",
    `${alone}:80`,
    "-p",
    `${machine.ip}:${alone + 100}:80`,
    "busybox",
    "sleep",
    "600",
  );
  servers = [
    ...(await Promise.all(["guarded", "open", "alone"].map(async (name) => whoServer(await netns(name), 80)))),
    await udpServer(await netns("guarded"), 53, "datagram"),
  ];
});
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
  await bus[Symbol.asyncDispose]();
  await machine[Symbol.asyncDispose]();
});

describe("host-firewall", () => {
  test("without rules for incoming traffic everybody gets in, as who they are, and at once", async () => {
    expect(await ask(guarded)).toBe(machine.outside.ip);
    const { stdout } = await inside(machine.outside.path, [
      "curl",
      "-s",
      "-o",
      "/dev/null",
      "-w",
      "%{time_connect}",
      `http://${machine.ip}:${guarded}/`,
    ]);
    // A client's second try would come after a second.
    expect(Number(stdout)).toBeGreaterThan(0);
    expect(Number(stdout)).toBeLessThan(0.9);
    expect(await ask(guarded, `[${machine.ip6}]`)).not.toBe("");
    expect(await askUdp(machine.outside.path, machine.ip, datagrams, 40001)).toBe("datagram");
  });

  test("rules for incoming traffic count, for this network's ports and no others", async () => {
    const rule = (verb: string, protocol: string, port: number) =>
      machine.run("iptables", verb, "INPUT", "-p", protocol, "--dport", String(port), "-j", "ACCEPT");
    await machine.run("iptables", "-P", "INPUT", "DROP");
    await machine.run("ip6tables", "-A", "INPUT", "-p", "tcp", "--dport", String(guarded), "-j", "REJECT");
    expect([await ask(guarded), await ask(guarded, `[${machine.ip6}]`), await ask(open)]).toEqual([
      "",
      "",
      machine.outside.ip,
    ]);
    expect(await askUdp(machine.outside.path, machine.ip, datagrams, 40002)).toBe("");
    await rule("-A", "tcp", guarded);
    expect(await ask(guarded)).toBe(machine.outside.ip);
    await rule("-A", "udp", datagrams);
    expect(await askUdp(machine.outside.path, machine.ip, datagrams, 40003)).toBe("datagram");
    await rule("-D", "tcp", guarded);
    expect(await ask(guarded)).toBe("");
    await machine.run("iptables", "-P", "INPUT", "ACCEPT");
    await machine.run("iptables", "-F", "INPUT");
    await machine.run("ip6tables", "-F", "INPUT");
  });

  test("the machine itself always gets in", async () => {
    await machine.run("iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT");
    await machine.run("iptables", "-A", "INPUT", "!", "-i", "lo", "-j", "DROP");
    for (const host of ["127.0.0.1", machine.ip])
      expect(await machine.run("curl", "-sS", "-m", "3", `http://${host}:${guarded}/`)).not.toBe("");
    await machine.run("iptables", "-F", "INPUT");
  });

  test("ufw's rules", async () => {
    await using firewall = ufwOn(machine);
    await firewall.ufw("--force", "enable");
    expect([await ask(guarded), await ask(open)]).toEqual(["", machine.outside.ip]);
    await firewall.ufw("allow", "from", machine.outside.ip, "to", "any", "port", String(guarded), "proto", "tcp");
    expect(await ask(guarded)).toBe(machine.outside.ip);
    await firewall.ufw(
      "delete",
      "allow",
      "from",
      machine.outside.ip,
      "to",
      "any",
      "port",
      String(guarded),
      "proto",
      "tcp",
    );
    expect(await ask(guarded)).toBe("");
    await firewall.ufw("allow", `${guarded}/tcp`);
    expect(await ask(guarded, `[${machine.ip6}]`)).not.toBe("");
  });

  test("firewalld's rules", async () => {
    await bus.startFirewalld();
    await until(
      "the bridge in its zone",
      async () => (await bus.command("--zone=berth", "--list-interfaces")).includes(daemon.bridge),
      10_000,
    );
    expect([await ask(guarded), await ask(open)]).toEqual(["", machine.outside.ip]);
    await bus.command(`--add-port=${guarded}/tcp`);
    expect(await ask(guarded)).toBe(machine.outside.ip);
    await bus.command(`--remove-port=${guarded}/tcp`);
    expect(await ask(guarded)).toBe("");
    await bus.stopFirewalld();
  });

  test("without the daemon it goes on, with the client's second try", async () => {
    await daemon.kill();
    expect(await ask(guarded)).toBe(machine.outside.ip);
    await machine.run("iptables", "-P", "INPUT", "DROP");
    expect(await ask(guarded)).toBe("");
    await machine.run("iptables", "-P", "INPUT", "ACCEPT");
    await daemon.up();
    expect(await ask(guarded)).toBe(machine.outside.ip);
  });

  test("a reload brings it to running containers, and takes it away", async () => {
    await machine.run("iptables", "-P", "INPUT", "DROP");
    expect(await ask(open)).toBe(machine.outside.ip);
    await daemon.reload({ "publish-policy": "host-firewall" });
    await until("the port to be closed", async () => (await ask(open)) === "");
    await daemon.reload({});
    await until("the port to be open", async () => (await ask(open)) === machine.outside.ip);
    await machine.run("iptables", "-P", "INPUT", "ACCEPT");
  });
});

test("loopback: the machine itself, unless a port names an address", async () => {
  expect(await daemon.ok("port", "alone")).toBe(`80/tcp -> ${machine.ip}:${alone + 100}\n80/tcp -> 127.0.0.1:${alone}`);
  expect([await ask(alone), await ask(alone + 100)]).toEqual(["", machine.outside.ip]);
  expect(await machine.run("curl", "-sS", `http://127.0.0.1:${alone}/`)).not.toBe("");
});

test("what is no policy is refused, and nothing is made", async () => {
  const refused = await daemon.docker("network", "create", "-o", `${option}=shut`, "wrong");
  expect(refused.stderr).toContain(`invalid ${option}: shut (one of open, host-firewall, loopback)`);
  expect(await daemon.ok("network", "ls", "-q", "-f", "name=wrong")).toBe("");
});
