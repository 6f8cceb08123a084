import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { noFilters } from "../../src/api/filters.ts";
import { runOk } from "../../src/lib/run.ts";
import { createNetwork } from "../../src/network/create.ts";
import { listNetworks } from "../../src/network/list.ts";
import { removeNetwork } from "../../src/network/remove.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { inside, TestNetworks, until } from "./harness.ts";
import { fetchText, httpServer } from "./http.ts";
import { resolve } from "./resolve.ts";

setDefaultTimeout(60_000);
let networks: TestNetworks;
beforeAll(async () => void (networks = await TestNetworks.start()));
afterAll(() => networks[Symbol.asyncDispose]());

test("a daemon that died finds its live containers again and clears away the dead ones", async () => {
  await createNetwork(networks.deps, { Name: "kept" });
  const live = await networks.setUp({
    name: "live",
    networkMode: "kept",
    portBindings: { "80/tcp": [{ HostPort: "" }] },
  });
  const dead = await networks.setUp({
    name: "dead",
    networkMode: "kept",
    portBindings: { "80/tcp": [{ HostPort: "" }] },
  });
  await using _web = await httpServer(live.path, 80, "alive");
  const port = Number(live.settings.Ports?.["80/tcp"]?.[0]?.HostPort);
  const bridge = networks.bridge;

  await networks.crashAndRestart([live.id]);

  expect(await fetchText(null, `http://127.0.0.1:${port}/`)).toBe("alive");
  expect(await fetchText(null, `http://[::1]:${port}/`)).toBe("alive");
  expect(() => Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } })).toThrow();
  expect(await resolve(live.path, "live")).toEqual([live.ip]);
  expect(await resolve(live.path, "dead")).toEqual([]);
  expect(existsSync(dead.path)).toBe(false);
  expect((await listNetworks(networks.deps, noFilters)).map(({ Name }) => Name).sort()).toEqual([
    "bridge",
    "host",
    "kept",
    "none",
  ]);
  expect(networks.bridge).toBe(bridge);
  // The dead one's address and port are free again.
  const next = await networks.setUp({ networkMode: "kept" });
  expect(next.ip).toBe(dead.ip);
  for (const id of [live.id, next.id]) await tearDownSandbox(networks.deps, id);
  await removeNetwork(networks.deps, "kept");
});

test("what the database no longer knows is found by its mark", async () => {
  const lost = await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await createNetwork(networks.deps, { Name: "lost" });
  networks.deps.store.run("DELETE FROM sandbox");
  networks.deps.store.run("DELETE FROM network WHERE name = 'lost'");
  await networks.crashAndRestart([]);
  expect(existsSync(lost.path)).toBe(false);
  await until(
    async () => (await networks.leftovers()).length === 2,
    async () => (await networks.leftovers()).join("\n"),
  );
  expect(await runOk(["nft", "list", "map", "inet", `berth_${networks.instance}`, "pub4"])).not.toContain("elements");
});

test("a database that was lost does not keep the engine's own bridge from being used", async () => {
  const before = networks.bridge;
  networks.deps.store.run("DELETE FROM network WHERE name = 'bridge'");
  await networks.crashAndRestart([]);
  const sandbox = await networks.setUp({ networkMode: "bridge" });
  expect(sandbox.ip).not.toBe("");
  expect(networks.bridge).toBe(before);
  await tearDownSandbox(networks.deps, sandbox.id);
});

test("a set-up that fails leaves nothing, wherever it fails", async () => {
  const taken = await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: "" }] } });
  const HostPort = taken.settings.Ports?.["80/tcp"]?.[0]?.HostPort ?? "";
  const failing = [
    { portBindings: { "80/tcp": [{ HostPort }] } },
    { sysctls: { "net.ipv4.no_such_thing": "1" } },
    { networkMode: "nosuch" },
    { extraHosts: ["bad"] },
    { endpoints: { bridge: { MacAddress: "zz" } } },
  ];
  for (const request of failing) expect(networks.setUp(request)).rejects.toThrow();
  await until(
    async () => (await networks.leftovers()).length === 4,
    async () => (await networks.leftovers()).join("\n"),
  );
  expect(networks.deps.store.query("SELECT count(*) AS n FROM sandbox").get()).toEqual({ n: 1 });
  expect(networks.deps.store.query("SELECT count(*) AS n FROM network_address").get()).toEqual({ n: 1 });
  await tearDownSandbox(networks.deps, taken.id);
  await tearDownSandbox(networks.deps, taken.id);
  await tearDownSandbox(networks.deps, "nobody");
});

test("a foreign hand in the kernel is put right", async () => {
  const a = await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: "" }] } });
  await runOk(["nft", "flush", "map", "inet", `berth_${networks.instance}`, "pub4"]);
  await tearDownSandbox(networks.deps, a.id);
  await runOk(["ip", "link", "del", networks.bridge]);
  const b = await networks.setUp();
  expect(
    (await inside(b.path, ["busybox", "ping", "-c1", "-W2", b.settings.Networks?.["bridge"]?.Gateway ?? ""])).exitCode,
  ).toBe(0);
  await tearDownSandbox(networks.deps, b.id);
});

test("a namespace that someone keeps open does not keep its link, nor its address", async () => {
  const a = await networks.setUp();
  const guest = Bun.spawn(["nsenter", `--net=${a.path}`, "sleep", "60"]);
  await until(
    async () =>
      (await runOk(["readlink", `/proc/${guest.pid}/ns/net`])) !== (await runOk(["readlink", "/proc/self/ns/net"])),
  );
  await tearDownSandbox(networks.deps, a.id);
  const b = await networks.setUp();
  expect(b.ip).toBe(a.ip);
  expect(
    (await inside(b.path, ["busybox", "ping", "-c1", "-W2", b.settings.Networks?.["bridge"]?.Gateway ?? ""])).exitCode,
  ).toBe(0);
  await tearDownSandbox(networks.deps, b.id);
  await until(
    async () => (await networks.leftovers()).length === 2,
    async () => (await networks.leftovers()).join("\n"),
  );
  guest.kill();
  await guest.exited;
});

test("a hundred at once", async () => {
  const start = performance.now();
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, at) =>
      networks.setUp({ portBindings: at % 2 === 0 ? { "80/tcp": [{ HostPort: "" }] } : {} }),
    ),
  );
  expect(new Set(all.map(({ ip }) => ip)).size).toBe(100);
  expect(new Set(all.flatMap(({ settings }) => settings.Ports?.["80/tcp"]?.[0]?.HostPort ?? [])).size).toBe(50);
  console.log(`a hundred sandboxes: ${(performance.now() - start).toFixed(0)} ms`);
  await Promise.all(all.map(({ id }) => tearDownSandbox(networks.deps, id)));
});

test("host and none", async () => {
  const host = await networks.setUp({ networkMode: "host" });
  expect(host.netnsPath).toBeNull();
  expect(Object.keys(host.settings.Networks ?? {})).toEqual(["host"]);
  expect(host.settings.Ports).toEqual({});
  expect(host.resolvConf).toBe(await Bun.file("/etc/resolv.conf").text());
  expect(host.hosts).toContain(await Bun.file("/etc/hosts").text());
  const none = await networks.setUp({ networkMode: "none", portBindings: { "80/tcp": [{ HostPort: "80" }] } });
  expect((await inside(none.path, ["ip", "-br", "link"])).stdout.trim().split("\n")).toHaveLength(1);
  expect((await inside(none.path, ["ip", "-br", "link"])).stdout).toContain("UP");
  expect(none.settings.Networks?.["none"]).toMatchObject({ IPAddress: "", Gateway: "" });
  for (const { id } of [host, none]) await tearDownSandbox(networks.deps, id);
});
