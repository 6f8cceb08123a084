/** A service's address stands for those that do its work, in turn, oneself among them, while they are ready. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { checkNetworks } from "../../src/network/check/check.ts";
import { createNetwork } from "../../src/network/create.ts";
import { connectSandbox, disconnectSandbox } from "../../src/network/endpoint/connect.ts";
import { balanceServices } from "../../src/network/overlay/balance.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { networkById, saveNetwork } from "../../src/network/table.ts";
import { connectFrom, echoServer } from "./echo.ts";
import { inside, TestNetworks } from "./harness.ts";
import { fetchText, httpServer } from "./http.ts";
import { askUdp, udpServer } from "./udp.ts";

setDefaultTimeout(60_000);
let networks: TestNetworks;
let id = "";
let vip = "";
let vip6 = "";
let client: Awaited<ReturnType<TestNetworks["setUp"]>>;
let a: typeof client;
let b: typeof client;
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  networks = await TestNetworks.start();
  const { net } = networks;
  vip = `${net}.200`;
  vip6 = `fd77:${networks.instance.slice(0, 4)}::200`;
  ({ Id: id } = await createNetwork(networks.deps, {
    Name: "ov",
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: `${net}.0/24` }, { Subnet: `fd77:${networks.instance.slice(0, 4)}::/64` }] },
  }));
  [client, a, b] = [
    await networks.setUp({ networkMode: "ov" }),
    await networks.setUp({ networkMode: "ov" }),
    await networks.setUp({ networkMode: "ov" }),
  ];
  for (const [box, name] of [
    [a, "a"],
    [b, "b"],
  ] as const) {
    servers.use(await httpServer(box.path, 80, name, "::"));
    servers.use(await echoServer(box.path, 7, name));
    servers.use(await udpServer(box.path, 53, name));
  }
});
afterAll(async () => {
  await servers.disposeAsync();
  for (const box of [client, a, b]) await tearDownSandbox(networks.deps, box.id);
  await networks[Symbol.asyncDispose]();
});

const service = (readyA: boolean, readyB: boolean | null) =>
  balanceServices(networks.deps, id, [
    {
      vip,
      backends: [{ address: a.ip, ready: readyA }, ...(readyB === null ? [] : [{ address: b.ip, ready: readyB }])],
    },
    {
      vip: vip6,
      backends: [{ address: a.ip6, ready: readyA }, ...(readyB === null ? [] : [{ address: b.ip6, ready: readyB }])],
    },
  ]);

const pages = async (path: string, host: string, count = 6) => {
  const found = [];
  for (let at = 0; at < count; at++) found.push(await fetchText(path, `http://${host}/`));
  return found.sort().join("");
};

test("connections go to the ready in turn, by either family, from all on the network, oneself included", async () => {
  service(true, true);
  for (const box of [client, a, b]) {
    expect(await pages(box.path, vip)).toBe("aaabbb");
    expect(await pages(box.path, `[${vip6}]`)).toBe("aaabbb");
  }
  expect((await inside(client.path, ["busybox", "ping", "-c1", "-W1", vip])).exitCode).toBe(0);
  expect(["a", "b"]).toContain(await askUdp(client.path, vip, 53, 0));
});

test("who is not ready gets no new connections; with nobody ready they are refused at once", async () => {
  service(false, true);
  expect(await pages(client.path, vip)).toBe("bbbbbb");
  expect(await pages(a.path, `[${vip6}]`)).toBe("bbbbbb");
  service(false, false);
  expect((await inside(client.path, ["curl", "-sS", "-m", "5", `http://${vip}/`])).exitCode).toBe(7);
  expect((await inside(client.path, ["curl", "-gsS", "-m", "5", `http://[${vip6}]/`])).exitCode).toBe(7);
});

test("a connection stays where it is until its backend is gone; UDP moves before", async () => {
  service(false, true);
  await using connection = connectFrom(client.path, vip, 7);
  expect(await connection.ask()).toBe("b");
  expect(await askUdp(client.path, vip, 53, 5353)).toBe("b");
  service(true, false);
  expect(await connection.ask()).toBe("b");
  expect(await askUdp(client.path, vip, 53, 5353)).toBe("a");
  service(true, null);
  expect(await connection.ask()).toBe("closed");
  expect(await pages(client.path, vip)).toBe("aaaaaa");
});

test("the check finds what was done to the rules, and repairs it", async () => {
  service(true, true);
  const record = networkById(networks.deps.store, id);
  if (record) saveNetwork(networks.deps.store, { ...record, Scope: "swarm" });
  const found = async (repair: boolean) =>
    (await checkNetworks(networks.deps, { repair })).flatMap(({ Object, Owner, State, Wanted, Found }) =>
      Object.startsWith("service ") && Owner === `c${client.id.slice(0, 6)}` ? [[Object, State, Wanted, Found]] : [],
    );
  const [both, both6] = [[a.ip, b.ip].sort().join(", "), [a.ip6, b.ip6].sort().join(", ")];
  expect(await found(false)).toEqual([
    [`service ${vip}`, "ok", both, both],
    [`service ${vip6}`, "ok", both6, both6],
  ]);
  await inside(client.path, ["nft", "flush", "chain", "inet", "berth_services", "output"]);
  await inside(client.path, ["nft", "add", "rule", "inet", "berth_services", "output", "ip", "daddr", vip, "reject"]);
  expect(await found(true)).toEqual([
    [`service ${vip}`, "repaired", both, "nobody"],
    [`service ${vip6}`, "repaired", both6, ""],
  ]);
  expect(await pages(client.path, vip)).toBe("aaabbb");
});

test("what was said holds after a crash and for who comes later, and goes with the network", async () => {
  service(true, true);
  await networks.crashAndRestart([client.id, a.id, b.id]);
  expect(await pages(client.path, vip)).toBe("aaabbb");
  const late = await networks.setUp({ networkMode: "ov" });
  expect(await pages(late.path, vip)).toBe("aaabbb");
  await connectSandbox(networks.deps, late.id, "bridge", null, () => {});
  await disconnectSandbox(networks.deps, late.id, "ov", () => {});
  expect((await inside(late.path, ["nft", "list", "tables"])).stdout).not.toContain("berth_services");
  await tearDownSandbox(networks.deps, late.id);
  balanceServices(networks.deps, id, []);
  expect((await inside(client.path, ["nft", "list", "tables"])).stdout).not.toContain("berth_services");
});
