/** A port of the cluster's answers on this machine: by its own tasks, which see their clients, else by others'. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { runOk } from "../../src/lib/run.ts";
import { checkNetworks } from "../../src/network/check/check.ts";
import { createNetwork } from "../../src/network/create.ts";
import { wantedFirewall } from "../../src/network/firewall/changes.ts";
import { wholeTable } from "../../src/network/firewall/ruleset.ts";
import type { IngressBackend } from "../../src/network/overlay/desired.ts";
import { applyIngress } from "../../src/network/overlay/ingress.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { networkById, saveNetwork } from "../../src/network/table.ts";
import { freePort } from "../harness.ts";
import { connectFrom, echoServer } from "./echo.ts";
import { TestNetworks } from "./harness.ts";
import { fetchText, httpServer, whoServer } from "./http.ts";
import { outsideMachine } from "./outside.ts";
import { askUdp, udpServer } from "./udp.ts";

setDefaultTimeout(60_000);
let networks: TestNetworks;
let outside: Awaited<ReturnType<typeof outsideMachine>>;
let a: Awaited<ReturnType<TestNetworks["setUp"]>>;
let b: typeof a;
let [web, who, echo, dns] = [0, 0, 0, 0];
const servers = new AsyncDisposableStack();

beforeAll(async () => {
  networks = await TestNetworks.start();
  outside = await outsideMachine(`bi${networks.instance.slice(0, 5)}`, 217);
  const { Id } = await createNetwork(networks.deps, {
    Name: "in",
    IPAM: { Config: [{ Subnet: `${networks.net}.0/24` }] },
  });
  const record = networkById(networks.deps.store, Id);
  if (record) saveNetwork(networks.deps.store, { ...record, Ingress: true });
  [a, b] = [await networks.setUp({ networkMode: "in" }), await networks.setUp({ networkMode: "in" })];
  for (const [box, name] of [
    [a, "a"],
    [b, "b"],
  ] as const) {
    servers.use(await httpServer(box.path, 80, name));
    servers.use(await whoServer(box.path, 81));
    servers.use(await echoServer(box.path, 7, name));
    servers.use(await udpServer(box.path, 53, name));
  }
  [web, who, echo, dns] = [freePort(), freePort(), freePort(), freePort()];
});
afterAll(async () => {
  await servers.disposeAsync();
  for (const box of [a, b]) await tearDownSandbox(networks.deps, box.id);
  await outside[Symbol.asyncDispose]();
  await networks[Symbol.asyncDispose]();
});

type Place = Partial<Pick<IngressBackend, "local" | "ready">> | null;

/** The four ports lead to `a` and `b`; null: it is none of the backends. */
const lead = (forA: Place, forB: Place) => {
  const backends = (port: number): IngressBackend[] => [
    ...(forA ? [{ address: a.ip, port, local: true, ready: true, ...forA }] : []),
    ...(forB ? [{ address: b.ip, port, local: true, ready: true, ...forB }] : []),
  ];
  return applyIngress(networks.deps, {
    own: [`${networks.net}.1`],
    ports: [
      { protocol: "tcp", port: web, backends: backends(80) },
      { protocol: "tcp", port: who, backends: backends(81) },
      { protocol: "tcp", port: echo, backends: backends(7) },
      { protocol: "udp", port: dns, backends: backends(53) },
    ],
  });
};

const pages = async (path: string | null, host: string, count = 8) => {
  const found = [];
  for (let at = 0; at < count; at++) found.push(await fetchText(path, `http://${host}:${web}/`));
  return found.sort().join("");
};

test("from outside, from the machine itself and from containers, by IPv4 and IPv6", async () => {
  await lead({}, {});
  expect(await pages(outside.path, outside.hostIp)).toMatch(/^a+b+$/);
  expect(await pages(null, "127.0.0.1")).toMatch(/^a+b+$/);
  expect(await pages(null, "[::1]")).toMatch(/^a+b+$/);
  expect(await pages(a.path, outside.hostIp)).toMatch(/^a+b+$/);
  expect(["a", "b"]).toContain(await askUdp(outside.path, outside.hostIp, dns, 0));
});

test("tasks of this machine see who their clients are, and come before others", async () => {
  await lead({}, { local: false });
  expect(await pages(outside.path, outside.hostIp)).toBe("aaaaaaaa");
  expect(await fetchText(outside.path, `http://${outside.hostIp}:${who}/`)).toBe(outside.ip);
  await lead({ ready: false }, { local: false });
  expect(await pages(outside.path, outside.hostIp)).toBe("bbbbbbbb");
  expect(await fetchText(outside.path, `http://${outside.hostIp}:${who}/`)).toBe(`${networks.net}.1`);
  expect(await pages(null, "127.0.0.1")).toBe("bbbbbbbb");
});

test("connections stay while their backend is there; UDP moves before", async () => {
  await lead({}, { ready: false });
  await using connection = connectFrom(outside.path, outside.hostIp, echo);
  expect(await connection.ask()).toBe("a");
  expect(await askUdp(outside.path, outside.hostIp, dns, 5353)).toBe("a");
  await lead({ ready: false }, {});
  expect(await connection.ask()).toBe("a");
  expect(await askUdp(outside.path, outside.hostIp, dns, 5353)).toBe("b");
  await lead(null, {});
  expect(await connection.ask()).toBe("closed");
});

test("what was said holds after a crash and in a broken table; containers do not get the ports", async () => {
  await lead({}, {});
  await networks.crashAndRestart([a.id, b.id]);
  expect(await pages(outside.path, outside.hostIp)).toMatch(/^a+b+$/);
  await expect(networks.setUp({ portBindings: { "80/tcp": [{ HostPort: String(web) }] } })).rejects.toThrow(
    "port is already allocated",
  );
  networks.deps.live.firewallWatch?.[Symbol.dispose]();
  await runOk(["nft", "flush", "map", "inet", `berth_${networks.instance}`, "ingress_tcp4"]);
  const found = await checkNetworks(networks.deps, { repair: true });
  expect(found.filter(({ State }) => State !== "ok").map(({ Object, State }) => [Object, State])).toEqual([
    ["map ingress_tcp4", "repaired"],
  ]);
  await lead({ ready: false }, {});
  expect(await pages(outside.path, outside.hostIp)).toBe("bbbbbbbb");
});

test("the table can be written over itself", async () => {
  const text = wholeTable(networks.instance, wantedFirewall(networks.deps));
  await runOk(
    ["unshare", "--net", "sh", "-c", 'all=$(cat); for time in 1 2; do echo "$all" | nft -f - || exit 1; done'],
    {
      input: text,
    },
  );
});

test("nothing is left when there are none any more", async () => {
  await applyIngress(networks.deps, null);
  const listed = await runOk(["nft", "list", "table", "inet", `berth_${networks.instance}`]);
  expect(listed).not.toContain(String(web));
  const taken = await networks.setUp({ portBindings: { "80/tcp": [{ HostPort: String(web) }] } });
  await tearDownSandbox(networks.deps, taken.id);
});
