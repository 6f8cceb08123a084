import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { errorMessage } from "../../src/lib/errors.ts";
import { run } from "../../src/lib/run.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { until } from "../harness.ts";
import { TestNetworks } from "../network/harness.ts";
import { fetchText, httpServer } from "../network/http.ts";
import { outsideMachine } from "../network/outside.ts";
import { askUdp, udpServer } from "../network/udp.ts";

/**
 * The engine's relay for IPv6 listens on a port that the kernel chose: it is in nobody's way, and nobody else's to use.
 */
setDefaultTimeout(60_000);
let networks: TestNetworks;
let outside: Awaited<ReturnType<typeof outsideMachine>>;
beforeAll(async () => {
  networks = await TestNetworks.start();
  outside = await outsideMachine(`xp${networks.instance}`, 1 + (process.pid % 250));
});
afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await networks[Symbol.asyncDispose]();
});

const relayPort = (protocol: "tcp" | "udp"): number => networks.deps.live.relay?.[protocol] ?? 0;

test("the relay's own port refuses whoever asks it directly", async () => {
  const port = relayPort("tcp");
  expect(port).toBeGreaterThan(0);
  const refused = 7;
  for (const [enter, address] of [
    [[], "::1"],
    [[], outside.hostIp6],
    [["nsenter", `--net=${outside.path}`], outside.hostIp6],
  ] as const) {
    const [program, ...args] = [...enter, "curl", "-gsS", "-m", "5", "--noproxy", "*", `http://[${address}]:${port}/`];
    expect(await run([program, ...args])).toMatchObject({ exitCode: refused });
  }
});

test("a range of published ports goes over it", async () => {
  const around = (protocol: "tcp" | "udp") =>
    Object.fromEntries(
      Array.from({ length: 11 }, (_, at) => {
        const port = String(relayPort(protocol) - 5 + at);
        return [`${port}/${protocol}`, [{ HostPort: port }]];
      }),
    );
  // The kernel chose the relay's port: somebody on the machine may have one beside it.
  const a = await until("a relay with free ports around its own", async () => {
    try {
      return await networks.setUp({ portBindings: { ...around("tcp"), ...around("udp") } });
    } catch (error) {
      if (!errorMessage(error).includes("address already in use")) throw error;
      await networks.crashAndRestart([]);
      return null;
    }
  });
  const [tcp, udp] = [relayPort("tcp"), relayPort("udp")];
  await using _web = await httpServer(a.path, tcp, "web");
  await using _next = await httpServer(a.path, tcp + 1, "next");
  await using _echo = await udpServer(a.path, udp, "echo");
  for (const [path, address] of [
    [null, "127.0.0.1"],
    [null, "[::1]"],
    [null, `[${outside.hostIp6}]`],
    [outside.path, outside.hostIp],
    [outside.path, `[${outside.hostIp6}]`],
  ] as const) {
    expect(await fetchText(path, `http://${address}:${tcp}/`)).toBe("web");
    expect(await fetchText(path, `http://${address}:${tcp + 1}/`)).toBe("next");
  }
  for (const [path, address] of [
    [null, "::1"],
    [null, outside.hostIp6],
    [outside.path, outside.hostIp6],
  ] as const) {
    expect(await askUdp(path, address, udp, 0)).toBe("echo");
  }
  await tearDownSandbox(networks.deps, a.id);
});

test("a port that the relay got by chance while the engine was away stays the container's", async () => {
  const port = relayPort("tcp");
  const a = await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: String(port) }] } });
  await using _web = await httpServer(a.path, 80, "web");
  expect(
    await networks.deps.live.ports.retake("another", [
      { protocol: "tcp", hostIp: "::", hostPort: port, containerPort: 80, count: 1 },
    ]),
  ).toEqual([]);
  networks.deps.live.ports.release("another");
  expect(await fetchText(null, `http://[::1]:${port}/`)).toBe("web");
  await tearDownSandbox(networks.deps, a.id);
});

test("engines of one machine have a relay for datagrams each, even where ports are few", async () => {
  const module = join(import.meta.dir, "../../src/network/relay/udp.ts");
  const few = `const { listenUdp } = await import(${JSON.stringify(module)});
    const ports = new Set();
    for (let n = 0; n < 16; n++) ports.add((await listenUdp({ wanted: () => null, target: () => null })).port);
    console.log(ports.size); process.exit(0);`;
  const { stdout, stderr } = await run([
    "unshare",
    "-n",
    "sh",
    "-c",
    'ip link set lo up; sysctl -qw net.ipv4.ip_local_port_range="40000 40015"; exec "$0" -e "$1"',
    process.execPath,
    few,
  ]);
  expect([stdout.trim(), stderr]).toEqual(["16", ""]);
});
