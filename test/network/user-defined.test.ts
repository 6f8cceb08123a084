import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Filters } from "../../src/api/filters.ts";
import { runOk } from "../../src/lib/run.ts";
import { createNetwork } from "../../src/network/create.ts";
import { connectSandbox, disconnectSandbox } from "../../src/network/endpoint/connect.ts";
import { inspectNetwork } from "../../src/network/inspect.ts";
import { listNetworks } from "../../src/network/list.ts";
import { pruneNetworks } from "../../src/network/prune.ts";
import { removeNetwork } from "../../src/network/remove.ts";
import { renameSandbox } from "../../src/network/rename.ts";
import type { Sandbox } from "../../src/network/sandbox/request.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { inside, TestNetworks } from "./harness.ts";
import { fetchText, httpServer, whoServer } from "./http.ts";
import { outsideMachine } from "./outside.ts";
import { resolve } from "./resolve.ts";

setDefaultTimeout(60_000);
let networks: TestNetworks;
beforeAll(async () => void (networks = await TestNetworks.start()));
afterAll(() => networks[Symbol.asyncDispose]());

/** The sandbox as a change of its networks leaves it. */
const settled = async (change: (settle: (sandbox: Sandbox) => void) => Promise<void>): Promise<Sandbox> => {
  const { promise, resolve } = Promise.withResolvers<Sandbox>();
  await change(resolve);
  return promise;
};

const down = async (...ids: string[]) => {
  for (const id of ids) await tearDownSandbox(networks.deps, id);
};
const reaches = async (path: string, ip: string) =>
  (await inside(path, ["busybox", "ping", "-c1", "-W1", ip])).exitCode === 0;

describe("user-defined networks", () => {
  test("create, list, inspect, remove", async () => {
    const { Id } = await createNetwork(networks.deps, {
      Name: "front",
      Labels: { tier: "web" },
      IPAM: {
        Config: [{ Subnet: `${networks.net}.0/24`, IPRange: `${networks.net}.128/25`, Gateway: `${networks.net}.9` }],
      },
    });
    expect(networks.events.at(-1)).toEqual({ action: "create", id: Id, attributes: { name: "front", type: "bridge" } });
    const one = await networks.setUp({ networkMode: "front" });
    expect(one.ip).toBe(`${networks.net}.128`);
    expect(one.settings.Networks?.["front"]).toMatchObject({
      Gateway: `${networks.net}.9`,
      IPPrefixLen: 24,
      NetworkID: Id,
    });
    expect(await reaches(one.path, `${networks.net}.9`)).toBe(true);
    expect(inspectNetwork(networks.deps, Id.slice(0, 12)).Containers?.[one.id]).toMatchObject({
      IPv4Address: `${networks.net}.128/24`,
    });
    const names = async (fields: Record<string, string[]>) =>
      (await listNetworks(networks.deps, new Filters(Object.entries(fields)))).map((network) => network.Name);
    expect(await names({ label: ["tier=web"] })).toEqual(["front"]);
    expect((await names({ type: ["builtin"] })).sort()).toEqual(["bridge", "host", "none"]);
    expect(await names({ driver: ["bridge"], name: ["fro"] })).toEqual(["front"]);
    expect(await names({ dangling: ["true"] })).toEqual([]);
    await expect(removeNetwork(networks.deps, "front")).rejects.toThrow(
      `error while removing network: network front has active endpoints (name:"c${one.id.slice(0, 6)}" ` +
        `id:"${one.id.slice(0, 12)}")`,
    );
    await expect(createNetwork(networks.deps, { Name: "front" })).rejects.toThrow(
      "network with name front already exists",
    );
    await expect(
      createNetwork(networks.deps, { Name: "x", IPAM: { Config: [{ Subnet: `${networks.net}.64/26` }] } }),
    ).rejects.toThrow("invalid pool request: Pool overlaps with other one on this address space");
    await down(one.id);
    await removeNetwork(networks.deps, "front");
    expect(() => inspectNetwork(networks.deps, "front")).toThrow("network front not found");
  });

  test("the daemon's options for new networks give way to a network's own", async () => {
    networks.deps.defaultOptions = { bridge: { "com.docker.network.driver.mtu": "1234" } };
    try {
      const mtu = async (name: string, options?: Record<string, string>) => {
        await createNetwork(networks.deps, { Name: name, ...(options && { Options: options }) });
        const one = await networks.setUp({ networkMode: name });
        const link = (await inside(one.path, ["ip", "link", "show", "eth0"])).stdout;
        await down(one.id);
        await removeNetwork(networks.deps, name);
        return link;
      };
      expect(await mtu("small")).toContain("1234");
      expect(await mtu("own", { "com.docker.network.driver.mtu": "1300" })).toContain("1300");
    } finally {
      networks.deps.defaultOptions = {};
    }
  });

  test("what cannot be is refused in Docker's words", async () => {
    await createNetwork(networks.deps, { Name: "strict", IPAM: { Config: [{ Subnet: `${networks.net}.0/29` }] } });
    const refused = (body: Parameters<typeof createNetwork>[1], words: string) =>
      expect(createNetwork(networks.deps, body)).rejects.toThrow(words);
    await refused({ Name: "host" }, "operation is not permitted on predefined host network");
    await refused(
      { Name: "y", IPAM: { Config: [{ Subnet: "10.1.2.3/16" }] } },
      "invalid subnet 10.1.2.3/16: it should be 10.1.0.0/16",
    );
    await refused(
      { Name: "y", IPAM: { Config: [{ Subnet: "10.1.0.0/16", Gateway: "10.2.0.1" }] } },
      "parent subnet 10.1.0.0/16 doesn't contain this address",
    );
    await refused({ Name: "y", Driver: "overlay" }, "This node is not a swarm manager");
    await expect(removeNetwork(networks.deps, "bridge")).rejects.toThrow(
      "bridge is a pre-defined network and cannot be removed",
    );
    const endpoint = (address: string) => ({
      networkMode: "strict",
      endpoints: { strict: { IPAMConfig: { IPv4Address: address } } },
    });
    const one = await networks.setUp(endpoint(`${networks.net}.5`));
    expect(one.ip).toBe(`${networks.net}.5`);
    await expect(networks.setUp(endpoint(`${networks.net}.5`))).rejects.toThrow("Address already in use");
    await expect(networks.setUp(endpoint("10.99.0.1"))).rejects.toThrow(
      "no configured subnet or ip-range contain the IP address 10.99.0.1",
    );
    await expect(networks.setUp({ endpoints: { bridge: { Aliases: ["x"] } } })).rejects.toThrow(
      "network-scoped alias is supported only for containers in user defined networks",
    );
    const others = [
      await networks.setUp({ networkMode: "strict" }),
      await networks.setUp({ networkMode: "strict" }),
      await networks.setUp({ networkMode: "strict" }),
      await networks.setUp({ networkMode: "strict" }),
    ];
    expect(others.map((other) => other.ip)).toEqual([
      `${networks.net}.2`,
      `${networks.net}.3`,
      `${networks.net}.4`,
      `${networks.net}.6`,
    ]);
    await expect(networks.setUp({ networkMode: "strict" })).rejects.toThrow(
      "no available IPv4 addresses on this network's address pools: strict",
    );
    await down(one.id, ...others.map((other) => other.id));
    await removeNetwork(networks.deps, "strict");
  });

  test("names are answered inside, others are asked of the host's servers", async () => {
    await createNetwork(networks.deps, { Name: "names" });
    const web = await networks.setUp({
      name: "web",
      networkMode: "names",
      endpoints: { names: { Aliases: ["www", "Shop"] } },
    });
    const app = await networks.setUp({
      name: "app",
      hostname: "apphost",
      networkMode: "names",
      endpoints: { names: { Links: ["web:backend"] } },
    });
    expect(app.resolvConf).toContain("nameserver 127.0.0.11\n");
    expect(app.resolvConf).toContain("ndots:0");
    for (const name of ["web", "WEB", "www", "shop", "backend", "web.names", web.id.slice(0, 12), "web."]) {
      expect([name, await resolve(app.path, name)]).toEqual([name, [web.ip]]);
    }
    expect(await resolve(web.path, "apphost")).toEqual([app.ip]);
    expect(await resolve(web.path, "backend")).toEqual([]);
    expect(await resolve(app.path, "web", { tcp: true })).toEqual([web.ip]);
    expect(await resolve(app.path, "web", { type: "AAAA" })).toEqual([]);
    expect(await resolve(app.path, web.ip, { type: "PTR" })).toEqual(["web.names"]);
    renameSandbox(networks.deps, web.id, "shopfront");
    expect(await resolve(app.path, "shopfront")).toEqual([web.ip]);
    expect(await resolve(app.path, "web")).toEqual([]);
    await down(web.id, app.id);
    await removeNetwork(networks.deps, "names");
  });

  test("other names are asked of the container's own servers, from inside its namespace", async () => {
    await createNetwork(networks.deps, { Name: "asking" });
    await createNetwork(networks.deps, { Name: "closed", Internal: true });
    const server = await networks.setUp({ name: "upstream", networkMode: "asking" });
    const child = Bun.spawn(
      ["nsenter", `--net=${server.path}`, process.execPath, `${import.meta.dir}/dns-upstream.ts`],
      { stdout: "pipe", stderr: "inherit" },
    );
    await child.stdout.getReader().read();
    // The first server is dead: nobody listens there.
    const asker = await networks.setUp({ networkMode: "asking", dns: ["127.0.0.53", server.ip] });
    expect(await resolve(asker.path, "example.org")).toEqual(["203.0.113.9"]);
    expect(await resolve(asker.path, "example.org", { tcp: true })).toEqual(["203.0.113.9"]);
    expect(await resolve(asker.path, "upstream")).toEqual([server.ip]);
    const shut = await networks.setUp({ networkMode: "closed", dns: [server.ip] });
    expect(await resolve(shut.path, "example.org")).toEqual([]);
    child.kill();
    await child.exited;
    expect(await resolve(asker.path, "example.org")).toEqual([]);
    await down(server.id, asker.id, shut.id);
    for (const name of ["asking", "closed"]) await removeNetwork(networks.deps, name);
  });

  test("a container may serve names itself on port 53 of every address", async () => {
    await createNetwork(networks.deps, { Name: "dns" });
    const server = await networks.setUp({ name: "ns", networkMode: "dns" });
    await using _own = await httpServer(server.path, 53, "own");
    expect(await fetchText(server.path, "http://127.0.0.1:53/")).toBe("own");
    expect(await resolve(server.path, "ns")).toEqual([server.ip]);
    expect(await resolve(server.path, "ns", { tcp: true })).toEqual([server.ip]);
    await down(server.id);
    await removeNetwork(networks.deps, "dns");
  });

  test("networks are apart; connect and disconnect join and part a running container", async () => {
    await createNetwork(networks.deps, { Name: "left" });
    await createNetwork(networks.deps, { Name: "right" });
    const a = await networks.setUp({
      name: "a",
      networkMode: "left",
      portBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
    });
    const b = await networks.setUp({ name: "b", networkMode: "right" });
    expect(await reaches(a.path, b.ip)).toBe(false);
    const joined = await settled((settle) =>
      connectSandbox(networks.deps, a.id, "right", { Aliases: ["both"], GwPriority: 10 }, settle),
    );
    expect(Object.keys(joined.settings.Networks ?? {})).toEqual(["left", "right"]);
    expect(await reaches(a.path, b.ip)).toBe(true);
    expect(await resolve(b.path, "both")).toEqual([joined.settings.Networks?.["right"]?.IPAddress ?? ""]);
    expect((await inside(a.path, ["ip", "route"])).stdout).toContain(
      `default via ${joined.settings.Networks?.["right"]?.Gateway} dev eth1`,
    );
    await using _server = await httpServer(a.path, 80, "moved");
    const port = joined.settings.Ports?.["80/tcp"]?.[0]?.HostPort;
    expect(await fetchText(null, `http://127.0.0.1:${port}/`)).toBe("moved");
    await expect(connectSandbox(networks.deps, a.id, "right", null, () => {})).rejects.toThrow(
      "endpoint with name a already exists in network right",
    );
    await expect(connectSandbox(networks.deps, a.id, "none", null, () => {})).rejects.toThrow("private (none) mode");
    const parted = await settled((settle) => disconnectSandbox(networks.deps, a.id, "right", settle));
    expect(Object.keys(parted.settings.Networks ?? {})).toEqual(["left"]);
    expect(await reaches(a.path, b.ip)).toBe(false);
    expect(await fetchText(null, `http://127.0.0.1:${port}/`)).toBe("moved");
    await expect(disconnectSandbox(networks.deps, a.id, "right", () => {})).rejects.toThrow(
      "is not connected to network right",
    );
    expect((await pruneNetworks(networks.deps, new Filters())).NetworksDeleted).toBeNull();
    await down(a.id, b.id);
    expect((await pruneNetworks(networks.deps, new Filters())).NetworksDeleted).toEqual(["left", "right"]);
  });

  test("a container from the default bridge learns names when it joins", async () => {
    await createNetwork(networks.deps, { Name: "late" });
    const [old, peer] = [
      await networks.setUp({ name: "old" }),
      await networks.setUp({ name: "peer", networkMode: "late" }),
    ];
    expect(old.resolvConf).not.toContain("127.0.0.11");
    const joined = await settled((settle) => connectSandbox(networks.deps, old.id, "late", null, settle));
    expect(joined.resolvConf).toContain("127.0.0.11");
    expect(await resolve(old.path, "peer")).toEqual([peer.ip]);
    await down(old.id, peer.id);
    await removeNetwork(networks.deps, "late");
  });

  test("addresses of the host: one to leave under, one to publish on", async () => {
    await using outside = await outsideMachine(
      `y${networks.instance}`,
      1 + (parseInt(networks.instance.slice(4, 6), 16) % 250),
    );
    await runOk(["ip", "address", "add", `${outside.hostIp.replace(/1$/, "77")}/24`, "dev", `ony${networks.instance}`]);
    const second = outside.hostIp.replace(/1$/, "77");
    await createNetwork(networks.deps, {
      Name: "picky",
      Options: { "com.docker.network.host_ipv4": second, "com.docker.network.bridge.host_binding_ipv4": second },
    });
    const a = await networks.setUp({ networkMode: "picky", portBindings: { "80/tcp": [{}] } });
    expect(a.settings.Ports?.["80/tcp"]).toMatchObject([{ HostIp: second }]);
    await using _web = await httpServer(a.path, 80, "picky");
    expect(await fetchText(outside.path, `http://${second}:${a.settings.Ports?.["80/tcp"]?.[0]?.HostPort}/`)).toBe(
      "picky",
    );
    await using _who = await whoServer(outside.path, 8000);
    expect(await fetchText(a.path, `http://${outside.ip}:8000/`)).toBe(second);
    await down(a.id);
    await removeNetwork(networks.deps, "picky");
  });

  test("gateway modes", async () => {
    await using outside = await outsideMachine(
      `z${networks.instance}`,
      1 + (parseInt(networks.instance.slice(4, 6), 16) % 250),
    );
    const bad = (mode: string, words: string) =>
      expect(
        createNetwork(networks.deps, { Name: "bad", Options: { "com.docker.network.bridge.gateway_mode_ipv4": mode } }),
      ).rejects.toThrow(words);
    await bad("odd", "unknown gateway mode odd");
    await bad("isolated", "gateway mode 'isolated' can only be used for an internal network");
    for (const mode of ["nat-unprotected", "routed"]) {
      await createNetwork(networks.deps, {
        Name: mode,
        EnableIPv6: true,
        Options: {
          "com.docker.network.bridge.gateway_mode_ipv4": mode,
          "com.docker.network.bridge.gateway_mode_ipv6": mode,
        },
      });
      const a = await networks.setUp({ networkMode: mode, portBindings: { "80/tcp": [{}] } });
      await using _web = await httpServer(a.path, 80, "open", "::");
      await using _secret = await httpServer(a.path, 81, "secret", "::");
      expect(await fetchText(outside.path, `http://${a.ip}/`)).toBe("open");
      expect(await fetchText(outside.path, `http://[${a.ip6}]/`)).toBe("open");
      expect(await fetchText(outside.path, `http://${a.ip}:81/`)).toBe(mode === "routed" ? "" : "secret");
      await using _who = await whoServer(outside.path, 8000);
      expect(await fetchText(a.path, `http://${outside.ip}:8000/`)).toBe(mode === "routed" ? a.ip : outside.hostIp);
      await down(a.id);
      await removeNetwork(networks.deps, mode);
    }
    await createNetwork(networks.deps, {
      Name: "alone",
      Internal: true,
      Options: { "com.docker.network.bridge.gateway_mode_ipv4": "isolated" },
    });
    const [a, b] = [await networks.setUp({ networkMode: "alone" }), await networks.setUp({ networkMode: "alone" })];
    expect(await reaches(a.path, b.ip)).toBe(true);
    expect(await reaches(a.path, a.ip.replace(/\d+$/, "1"))).toBe(false);
    await down(a.id, b.id);
    await removeNetwork(networks.deps, "alone");
  });

  test("internal networks lead nowhere; icc=false keeps containers apart", async () => {
    await createNetwork(networks.deps, { Name: "inner", Internal: true });
    await createNetwork(networks.deps, { Name: "apart", Options: { "com.docker.network.bridge.enable_icc": "false" } });
    const [a, b] = [await networks.setUp({ networkMode: "inner" }), await networks.setUp({ networkMode: "inner" })];
    expect(await reaches(a.path, b.ip)).toBe(true);
    expect((await inside(a.path, ["ip", "route"])).stdout).not.toContain("default");
    const [c, d] = [
      await networks.setUp({ networkMode: "apart", portBindings: { "80/tcp": [{}] } }),
      await networks.setUp({ networkMode: "apart" }),
    ];
    expect(await reaches(c.path, d.ip)).toBe(false);
    expect(await reaches(c.path, c.settings.Networks?.["apart"]?.Gateway ?? "")).toBe(true);
    await using _server = await httpServer(c.path, 80, "apart");
    expect(
      await fetchText(
        d.path,
        `http://${c.settings.Networks?.["apart"]?.Gateway}:${c.settings.Ports?.["80/tcp"]?.[0]?.HostPort}/`,
      ),
    ).toBe("apart");
    await down(a.id, b.id, c.id, d.id);
    for (const name of ["inner", "apart"]) await removeNetwork(networks.deps, name);
  });
});
