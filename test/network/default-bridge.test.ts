import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runOk } from "../../src/lib/run.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { inside, TestNetworks, until } from "./harness.ts";
import { fetchText, httpServer } from "./http.ts";

let networks: TestNetworks;
beforeAll(async () => void (networks = await TestNetworks.start()));
afterAll(() => networks[Symbol.asyncDispose]());

describe("default bridge", () => {
  test("a sandbox has its address, its route and the wire shape", async () => {
    const one = await networks.setUp({ hostname: "one", extraHosts: ["db:10.0.0.9", "gw:host-gateway"] });
    const network = one.settings.Networks?.["bridge"];
    expect(network?.IPAddress).toMatch(/^172\.|^192\.168\./);
    expect(network?.MacAddress).toMatch(/^02:42:/);
    expect(one.settings.SandboxKey).toBe(one.path);
    expect((await inside(one.path, ["ip", "route"])).stdout).toContain(`default via ${network?.Gateway}`);
    expect((await inside(one.path, ["busybox", "ping", "-c1", "-W2", network?.Gateway ?? ""])).exitCode).toBe(0);
    expect(one.hosts).toContain(`${one.ip}\tone\n`);
    expect(one.hosts).toContain("10.0.0.9\tdb\n");
    expect(one.hosts).toContain(`${network?.Gateway}\tgw\n`);
    expect(one.resolvConf).toMatch(/^nameserver /);
    expect(networks.events.at(-1)).toMatchObject({
      action: "connect",
      attributes: { container: one.id, name: "bridge", type: "bridge" },
    });
    await tearDownSandbox(networks.deps, one.id);
    expect(networks.events.at(-1)).toMatchObject({ action: "disconnect" });
  });

  test("containers reach each other and the host's addresses beyond the bridge", async () => {
    const [a, b] = [await networks.setUp(), await networks.setUp()];
    expect(a.ip).not.toBe(b.ip);
    expect((await inside(a.path, ["busybox", "ping", "-c1", "-W2", b.ip])).exitCode).toBe(0);
    const hostAddress = (await runOk(["hostname", "-I"])).split(" ")[0] ?? "";
    expect((await inside(a.path, ["busybox", "ping", "-c1", "-W2", hostAddress])).exitCode).toBe(0);
    for (const { id } of [a, b]) await tearDownSandbox(networks.deps, id);
  });

  test("a published port answers from the host, from itself, from others", async () => {
    const [a, b] = [await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: "" }] } }), await networks.setUp()];
    await using _server = await httpServer(a.path, 80, "hello");
    const port = a.settings.Ports?.["80/tcp"]?.[0]?.HostPort;
    expect(Number(port)).toBeGreaterThanOrEqual(49153);
    expect(a.settings.Ports?.["80/tcp"]).toEqual([
      { HostIp: "0.0.0.0", HostPort: port ?? "" },
      { HostIp: "::", HostPort: port ?? "" },
    ]);
    const hostAddress = (await runOk(["hostname", "-I"])).split(" ")[0] ?? "";
    const gateway = a.settings.Networks?.["bridge"]?.Gateway;
    expect(await fetchText(null, `http://127.0.0.1:${port}/`)).toBe("hello");
    expect(await fetchText(null, `http://${hostAddress}:${port}/`)).toBe("hello");
    expect(await fetchText(null, `http://${gateway}:${port}/`)).toBe("hello");
    expect(await fetchText(null, `http://[::1]:${port}/`)).toBe("hello");
    expect(await fetchText(b.path, `http://${hostAddress}:${port}/`)).toBe("hello");
    expect(await fetchText(b.path, `http://${a.ip}/`)).toBe("hello");
    expect(await fetchText(a.path, `http://${hostAddress}:${port}/`)).toBe("hello");
    for (const { id } of [a, b]) await tearDownSandbox(networks.deps, id);
    await until(async () => (await fetchText(null, `http://127.0.0.1:${port}/`)) === "");
  });
});
