import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { runOk } from "../../src/lib/run.ts";
import { createNetwork } from "../../src/network/create.ts";
import { removeNetwork } from "../../src/network/remove.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { freePort } from "../harness.ts";
import { inside, TestNetworks, until } from "./harness.ts";
import { fetchText, httpServer } from "./http.ts";
import { outsideMachine } from "./outside.ts";
import { askUdp, udpServer } from "./udp.ts";

setDefaultTimeout(60_000);
let networks: TestNetworks;
let outside: Awaited<ReturnType<typeof outsideMachine>>;
beforeAll(async () => {
  networks = await TestNetworks.start();
  outside = await outsideMachine(`x${networks.instance}`, 1 + (process.pid % 250));
});
afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await networks[Symbol.asyncDispose]();
});

const down = async (...ids: string[]) => {
  for (const id of ids) await tearDownSandbox(networks.deps, id);
};

describe("published ports", () => {
  test("from outside, by IPv4 and IPv6; what is not published is out of reach", async () => {
    const a = await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: "" }] } });
    await using _web = await httpServer(a.path, 80, "web");
    await using _secret = await httpServer(a.path, 81, "secret");
    const port = a.settings.Ports?.["80/tcp"]?.[0]?.HostPort;
    expect(await fetchText(outside.path, `http://${outside.hostIp}:${port}/`)).toBe("web");
    expect(await fetchText(outside.path, `http://[${outside.hostIp6}]:${port}/`)).toBe("web");
    expect(await fetchText(outside.path, `http://${a.ip}/`)).toBe("");
    expect(await fetchText(outside.path, `http://${a.ip}:81/`)).toBe("");
    // Out it goes, under the host's address.
    await using _far = await httpServer(outside.path, 8000, "far");
    expect(await fetchText(a.path, `http://${outside.ip}:8000/`)).toBe("far");
    await down(a.id);
  });

  test("one address only", async () => {
    const [a, b] = [
      await networks.setUp({ portBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } }),
      await networks.setUp(),
    ];
    await using _web = await httpServer(a.path, 80, "local");
    const binding = a.settings.Ports?.["80/tcp"]?.[0];
    expect(binding?.HostIp).toBe("127.0.0.1");
    expect(a.settings.Ports?.["80/tcp"]).toHaveLength(1);
    expect(await fetchText(null, `http://127.0.0.1:${binding?.HostPort}/`)).toBe("local");
    expect(await fetchText(null, `http://[::1]:${binding?.HostPort}/`)).toBe("");
    expect(await fetchText(outside.path, `http://${outside.hostIp}:${binding?.HostPort}/`)).toBe("");
    // Nobody comes in by the loopback network from elsewhere.
    await runOk([
      "ip",
      "-n",
      outside.path.replace("/run/netns/", ""),
      "route",
      "add",
      "127.0.0.0/8",
      "via",
      outside.hostIp,
    ]).catch(() => {});
    const gateway = a.settings.Networks?.["bridge"]?.Gateway ?? "";
    await inside(b.path, ["ip", "route", "add", "127.0.0.0/24", "via", gateway]);
    expect(await fetchText(b.path, `http://${gateway}:${binding?.HostPort}/`)).toBe("");
    await down(a.id, b.id);
  });

  test("Docker's words for a port that is taken, by a container or by a program", async () => {
    const port = freePort();
    const bindings = { portBindings: { "80/tcp": [{ HostPort: String(port) }] } };
    const a = await networks.setUp(bindings);
    await expect(networks.setUp({ name: "second", ...bindings })).rejects.toThrow(
      new RegExp(
        "^driver failed programming external connectivity on endpoint second \\([0-9a-f]{64}\\): Bind for " +
          `0\\.0\\.0\\.0:${port} failed: port is already allocated$`,
      ),
    );
    expect(() => Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } })).toThrow();
    await down(a.id);
    const server = Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } });
    await expect(networks.setUp(bindings)).rejects.toThrow(
      `failed to bind host port 0.0.0.0:${port}/tcp: address already in use`,
    );
    server.stop(true);
    await down((await networks.setUp(bindings)).id);
    await expect(
      networks.setUp({ portBindings: { "80/tcp": [{ HostIp: "203.0.113.7", HostPort: "80" }] } }),
    ).rejects.toThrow("203.0.113.7:80/tcp: cannot assign requested address");
    // The default bridge and the table are all that stays.
    await until(async () => (await networks.leftovers()).length === 2);
  });

  test("a free one of a range; all exposed ones", async () => {
    const first = freePort(2);
    const range = { portBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: `${first}-${first + 1}` }] } };
    const [a, b] = [await networks.setUp(range), await networks.setUp(range)];
    expect([a, b].map((one) => one.settings.Ports?.["80/tcp"]?.[0]?.HostPort)).toEqual([
      String(first),
      String(first + 1),
    ]);
    await expect(networks.setUp(range)).rejects.toThrow("all ports are allocated");
    const c = await networks.setUp({ exposedPorts: ["53/udp", "80/tcp"], publishAllPorts: true });
    expect(Object.keys(c.settings.Ports ?? {}).sort()).toEqual(["53/udp", "80/tcp"]);
    const d = await networks.setUp({ exposedPorts: ["80/tcp"] });
    expect(d.settings.Ports).toEqual({ "80/tcp": null });
    await down(a.id, b.id, c.id, d.id);
  });

  test("udp, from IPv4 and IPv6; a new container gets what its predecessor's clients send", async () => {
    const port = freePort();
    const bindings = { portBindings: { "53/udp": [{ HostPort: String(port) }] } };
    for (const word of ["one", "two"]) {
      const a = await networks.setUp(bindings);
      await using _echo = await udpServer(a.path, 53, word);
      // From one port of the client both times: what the kernel remembers of the first must not stand in the way.
      expect(await askUdp(null, "127.0.0.1", port, 40123)).toBe(word);
      expect(await askUdp(null, "::1", port, 40123)).toBe(word);
      expect(await askUdp(outside.path, outside.hostIp, port, 40124)).toBe(word);
      expect(await askUdp(outside.path, outside.hostIp6, port, 40124)).toBe(word);
      await down(a.id);
    }
  });

  test("a flow that began before the port was published, and one whose container has moved", async () => {
    const port = freePort();
    const bindings = { portBindings: { "53/udp": [{ HostPort: String(port) }] } };
    expect(await askUdp(null, "127.0.0.1", port, 40125)).toBe("");
    const [a, b] = [await networks.setUp(bindings), await networks.setUp()];
    await using _one = await udpServer(a.path, 53, "one");
    expect(await askUdp(null, "127.0.0.1", port, 40125)).toBe("one");
    await down(a.id);
    const [c, d] = [await networks.setUp(), await networks.setUp(bindings)];
    expect(d.ip).not.toBe(a.ip);
    await using _two = await udpServer(d.path, 53, "two");
    expect(await askUdp(null, "127.0.0.1", port, 40125)).toBe("two");
    await down(b.id, c.id, d.id);
  });

  test("ten thousand ports", async () => {
    const bindings = Object.fromEntries(
      Array.from({ length: 10001 }, (_, at) => [
        `${10000 + at}/tcp`,
        [{ HostIp: "127.0.0.1", HostPort: String(10000 + at) }],
      ]),
    );
    const before = process.memoryUsage().rss;
    const start = performance.now();
    const a = await networks.setUp({ portBindings: bindings });
    const ms = performance.now() - start;
    await using _web = await httpServer(a.path, 17321, "deep");
    expect(await fetchText(null, "http://127.0.0.1:17321/")).toBe("deep");
    const end = performance.now();
    await down(a.id);
    console.log(
      `set up ${ms.toFixed(0)} ms, down ${(performance.now() - end).toFixed(0)} ms, memory ` +
        `+${((process.memoryUsage().rss - before) / 1e6).toFixed(0)} MB`,
    );
  });

  test("IPv6 straight to containers that have it", async () => {
    await createNetwork(networks.deps, { Name: "six", EnableIPv6: true });
    await createNetwork(networks.deps, { Name: "only6", EnableIPv6: true, EnableIPv4: false });
    for (const networkMode of ["six", "only6"]) {
      const [a, b] = [
        await networks.setUp({ networkMode, portBindings: { "80/tcp": [{ HostPort: "" }] } }),
        await networks.setUp({ networkMode }),
      ];
      expect(a.ip6).toMatch(/^fd/);
      expect(a.ip === "").toBe(networkMode === "only6");
      await using _web = await httpServer(a.path, 80, "six", "::");
      const port = a.settings.Ports?.["80/tcp"]?.find(({ HostIp }) => HostIp === "::")?.HostPort;
      expect(await fetchText(b.path, `http://[${a.ip6}]/`)).toBe("six");
      expect(await fetchText(null, `http://[${a.ip6}]/`)).toBe("six");
      expect(await fetchText(outside.path, `http://[${outside.hostIp6}]:${port}/`)).toBe("six");
      expect(await fetchText(b.path, `http://[${outside.hostIp6}]:${port}/`)).toBe("six");
      expect(await fetchText(a.path, `http://[${outside.hostIp6}]:${port}/`)).toBe("six");
      expect(await fetchText(null, `http://[::1]:${port}/`)).toBe("six");
      expect(await fetchText(outside.path, `http://[${a.ip6}]/`)).toBe("");
      await using _far = await httpServer(outside.path, 8000, "far6", "::");
      expect(await fetchText(a.path, `http://[${outside.ip6}]:8000/`)).toBe("far6");
      await down(a.id, b.id);
    }
    for (const name of ["six", "only6"]) await removeNetwork(networks.deps, name);
  });
});
