import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { runOk } from "../../src/lib/run.ts";
import type { BridgeConfig } from "../../src/network/deps.ts";
import { releaseNetworks } from "../../src/network/sandbox/release.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { freePort } from "../harness.ts";
import { inside, TestNetworks } from "../network/harness.ts";
import { fetchText, httpServer } from "../network/http.ts";
import { outsideMachine } from "../network/outside.ts";
import { askUdp, udpServer } from "../network/udp.ts";

/**
 * What is published on the host's loopback addresses is for the host alone. A neighbour can still send frames to the
 * host's own hardware address with a loopback destination; such a neighbour is made here by taking the loopback
 * addresses out of its own tables and giving it a route to them through the host.
 */
setDefaultTimeout(60_000);
let networks: TestNetworks;
let outside: Awaited<ReturnType<typeof outsideMachine>>;
beforeAll(async () => {
  networks = await TestNetworks.start();
  outside = await outsideMachine(`xl${networks.instance}`, 1 + (process.pid % 250));
  await sendLoopbackThrough(outside.path, outside.hostIp, outside.hostIp6);
  // The worst that a host can be set to: it takes loopback destinations for its own on every link.
  await runOk(["sysctl", "-qw", `net.ipv4.conf.onxl${networks.instance}.route_localnet=1`]);
});
afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await networks[Symbol.asyncDispose]();
});

function ownBridge(): BridgeConfig {
  if (!networks.deps.bridge) throw new Error("no default bridge");
  return networks.deps.bridge;
}

/** Whatever the namespace sends to a loopback address leaves it, to the router given. */
async function sendLoopbackThrough(path: string, router4: string, router6: string): Promise<void> {
  const at = async (...argv: string[]) => {
    const { exitCode, stderr } = await inside(path, argv);
    if (exitCode !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  };
  await at(
    "sh",
    "-c",
    "for link in /proc/sys/net/ipv4/conf/*; do echo 1 > $link/route_localnet; echo 0 > $link/rp_filter; done",
  );
  for (const address of ["127.0.0.1/8", "::1/128"]) await at("ip", "address", "del", address, "dev", "lo");
  await at("ip", "route", "add", "127.0.0.0/8", "via", router4);
  await at("ip", "-6", "route", "add", "::1", "via", router6);
}

test("tcp and udp of 127.0.0.1 and another loopback address stay on the host", async () => {
  const [web, dns, other, every] = [freePort(), freePort(), freePort(), freePort()];
  const a = await networks.setUp({
    portBindings: {
      "80/tcp": [
        { HostIp: "127.0.0.1", HostPort: String(web) },
        { HostIp: "127.0.0.2", HostPort: String(other) },
        { HostPort: String(every) },
      ],
      "53/udp": [{ HostIp: "127.0.0.1", HostPort: String(dns) }],
    },
  });
  await using _web = await httpServer(a.path, 80, "web");
  await using _dns = await udpServer(a.path, 53, "dns");
  expect(await fetchText(null, `http://127.0.0.1:${web}/`)).toBe("web");
  expect(await fetchText(null, `http://127.0.0.2:${other}/`)).toBe("web");
  expect(await askUdp(null, "127.0.0.1", dns, 0)).toBe("dns");
  // The cable works: what is published for everybody is there.
  expect(await fetchText(outside.path, `http://${outside.hostIp}:${every}/`)).toBe("web");

  expect(await fetchText(outside.path, `http://127.0.0.1:${web}/`)).toBe("");
  expect(await fetchText(outside.path, `http://127.0.0.2:${other}/`)).toBe("");
  expect(await askUdp(outside.path, "127.0.0.1", dns, 0)).toBe("");
  await tearDownSandbox(networks.deps, a.id);
});

test("neither by IPv6, to a container with IPv6 and to one behind the relay", async () => {
  const port = freePort();
  const a = await networks.setUp({ portBindings: { "80/tcp": [{ HostIp: "::1", HostPort: String(port) }] } });
  await using _web = await httpServer(a.path, 80, "web");
  expect(await fetchText(null, `http://[::1]:${port}/`)).toBe("web");
  expect(await fetchText(outside.path, `http://[::1]:${port}/`)).toBe("");
  expect(await fetchText(outside.path, `http://[${outside.hostIp6}]:${port}/`)).toBe("");
  await tearDownSandbox(networks.deps, a.id);
});

test("a container sends the host nothing that seems to come from its loopback network", async () => {
  const a = await networks.setUp();
  const gateway = a.settings.Networks?.["bridge"]?.Gateway ?? "";
  await using server = await datagramLog(gateway);
  await inside(a.path, ["sh", "-c", "for link in /proc/sys/net/ipv4/conf/*; do echo 1 > $link/route_localnet; done"]);
  const say = async (word: string, from: string) => {
    const script = `const s = require("node:dgram").createSocket("udp4");
      const [from, word, gateway] = ${JSON.stringify([from, word, gateway])};
      s.bind(0, from, () => s.send(word, ${server.port}, gateway, (e) => process.exit(e ? 1 : 0)));`;
    expect((await inside(a.path, [process.execPath, "-e", script])).exitCode).toBe(0);
  };
  await say("disguised", "127.0.0.5");
  await say("plain", a.ip);
  expect(await server.next()).toBe("plain");
  await tearDownSandbox(networks.deps, a.id);
});

test("a bridge of somebody else's serves them too, and is as it was when the engine has gone", async () => {
  const bridge = `bf${networks.instance}`;
  const routesLoopback = async () => (await Bun.file(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`).text()).trim();
  await runOk(["ip", "link", "add", bridge, "type", "bridge"]);
  await using _bridge = { [Symbol.asyncDispose]: async () => void (await runOk(["ip", "link", "del", bridge])) };
  await runOk(["ip", "address", "add", `${networks.net}.1/24`, "dev", bridge]);
  {
    await using others = await TestNetworks.start({ bridge: { ...ownBridge(), name: bridge } });
    const port = freePort();
    const a = await others.setUp({ portBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] } });
    expect(a.ip).toMatch(new RegExp(`^${networks.net}\\.`));
    await using _web = await httpServer(a.path, 80, "web");
    expect(await fetchText(null, `http://127.0.0.1:${port}/`)).toBe("web");
    expect(await routesLoopback()).toBe("1");
    await tearDownSandbox(others.deps, a.id);
    await releaseNetworks(others.deps);
    expect(await routesLoopback()).toBe("0");
  }
  expect(await runOk(["ip", "address", "show", "dev", bridge])).toContain(`${networks.net}.1/24`);
});

/** Receives datagrams at an address of the host. */
async function datagramLog(hostname: string): Promise<{ port: number; next(): Promise<string> } & AsyncDisposable> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.udpSocket({ hostname, port: 0, socket: { data: (_, data) => resolve(data.toString()) } });
  return {
    port: socket.port,
    next: () => promise,
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}
