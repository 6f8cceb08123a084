import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { noFilters } from "../../src/api/filters.ts";
import type { NetworkCreateRequest } from "../../src/api/types/network.ts";
import { runOk } from "../../src/lib/run.ts";
import { createNetwork } from "../../src/network/create.ts";
import { inspectNetwork } from "../../src/network/inspect.ts";
import { listNetworks } from "../../src/network/list.ts";
import { removeNetwork } from "../../src/network/remove.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { inside, TestNetworks } from "../network/harness.ts";
import { fetchText, httpServer } from "../network/http.ts";
import { outsideMachine } from "../network/outside.ts";

/** An option that a network is made with acts, or is refused in Docker's words. */
setDefaultTimeout(60_000);
let networks: TestNetworks;
let outside: Awaited<ReturnType<typeof outsideMachine>>;
beforeAll(async () => {
  networks = await TestNetworks.start();
  outside = await outsideMachine(`xo${networks.instance}`, 1 + (process.pid % 250));
});
afterAll(async () => {
  await outside[Symbol.asyncDispose]();
  await networks[Symbol.asyncDispose]();
});

test("interfaces that a network trusts lead to the published ports of its containers' own addresses", async () => {
  const trusted = "com.docker.network.bridge.trusted_host_interfaces";
  const cable = `onxo${networks.instance}`;
  await createNetwork(networks.deps, { Name: "trusting", EnableIPv6: true, Options: { [trusted]: `eth77:${cable}` } });
  await createNetwork(networks.deps, { Name: "wary", EnableIPv6: true, Options: { [trusted]: "eth77:eth78" } });
  for (const [networkMode, page] of [
    ["trusting", "open"],
    ["wary", ""],
  ] as const) {
    const a = await networks.setUp({
      networkMode,
      portBindings: {
        "80/tcp": [
          { HostIp: "127.0.0.1", HostPort: "" },
          { HostIp: "::1", HostPort: "" },
          { HostIp: "127.0.0.1", HostPort: "" },
        ],
      },
    });
    await using _web = await httpServer(a.path, 80, "open", "::");
    await using _other = await httpServer(a.path, 81, "secret", "::");
    expect(await fetchText(outside.path, `http://${a.ip}/`)).toBe(page);
    expect(await fetchText(outside.path, `http://[${a.ip6}]/`)).toBe(page);
    for (const address of [a.ip, `[${a.ip6}]`]) expect(await fetchText(outside.path, `http://${address}:81/`)).toBe("");
    await tearDownSandbox(networks.deps, a.id);
    const b = await networks.setUp({ networkMode });
    expect(b.ip).toBe(a.ip);
    await using _closed = await httpServer(b.path, 80, "closed");
    expect(await fetchText(outside.path, `http://${b.ip}/`)).toBe("");
    await tearDownSandbox(networks.deps, b.id);
  }
  for (const name of ["trusting", "wary"]) await removeNetwork(networks.deps, name);
});

test("a daemon that allows direct routing opens published ports at the containers' own addresses", async () => {
  await using open = await TestNetworks.start({ allowDirectRouting: true });
  const a = await open.setUp({ portBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } });
  await using _web = await httpServer(a.path, 80, "open");
  await using _other = await httpServer(a.path, 81, "secret");
  expect(await fetchText(outside.path, `http://${a.ip}/`)).toBe("open");
  expect(await fetchText(outside.path, `http://${a.ip}:81/`)).toBe("");
  await tearDownSandbox(open.deps, a.id);
});

describe("macvlan", () => {
  test("an internal network sits on the parent that it names, without a way out", async () => {
    const parent = `mi${networks.instance}`;
    await runOk(["ip", "link", "add", parent, "type", "ifb"]);
    await using _parent = { [Symbol.asyncDispose]: async () => void (await runOk(["ip", "link", "del", parent])) };
    await createNetwork(networks.deps, { Name: "inner", Driver: "macvlan", Internal: true, Options: { parent } });
    const a = await networks.setUp({ networkMode: "inner" });
    expect((await inside(a.path, ["ip", "-o", "-d", "link", "show", "eth0"])).stdout).toContain("macvlan mode bridge");
    const index = (await Bun.file(`/sys/class/net/${parent}/ifindex`).text()).trim();
    expect((await inside(a.path, ["ip", "-o", "link", "show", "eth0"])).stdout).toContain(`eth0@if${index}:`);
    expect((await inside(a.path, ["ip", "route"])).stdout).not.toContain("default");
    // Nobody is a gateway there, so its first address is a container's.
    expect(Object.keys(inspectNetwork(networks.deps, "inner").IPAM?.Config?.[0] ?? {})).toEqual(["Subnet"]);
    expect(a.ip).toMatch(/\.1$/);
    await tearDownSandbox(networks.deps, a.id);
    await removeNetwork(networks.deps, "inner");
  });

  // Kernels differ in what they have: either the link is made, or the error names what is missing.
  test.each([
    ["dummy", "macvlan", {}, "", "CONFIG_DUMMY"],
    ["vlan", "macvlan", { parent: "PARENT.10" }, "failed to create PARENT.10 vlan link: ", "CONFIG_VLAN_8021Q"],
  ])("a kernel without %s is told by name", async (kind, Driver, asked: { parent?: string }, words, option) => {
    const parent = `ml${networks.instance.slice(0, 6)}`;
    await runOk(["ip", "link", "add", parent, "type", "ifb"]);
    await using _parent = { [Symbol.asyncDispose]: async () => void (await runOk(["ip", "link", "del", parent])) };
    const Options: Record<string, string> = asked.parent ? { parent: asked.parent.replace("PARENT", parent) } : {};
    const made = await createNetwork(networks.deps, { Name: "lacking", Driver, Options }).then(
      () => "",
      (error: Error) => error.message,
    );
    if (made === "") return removeNetwork(networks.deps, "lacking");
    expect(made).toContain(
      `${words.replace("PARENT", parent)}operation not supported (this kernel has no ${kind} links: it lacks ${option}`,
    );
  });
});

test.each([
  [
    "com.docker.network.bridge.enable_icc",
    "x",
    'failed to parse com.docker.network.bridge.enable_icc value: x (strconv.ParseBool: parsing "x": invalid syntax)',
  ],
  [
    "com.docker.network.bridge.inhibit_ipv4",
    "x",
    'failed to parse com.docker.network.bridge.inhibit_ipv4 value: x (strconv.ParseBool: parsing "x": invalid syntax)',
  ],
  ["com.docker.network.driver.mtu", "-1", "invalid MTU number: -1"],
  [
    "com.docker.network.driver.mtu",
    "abc",
    'failed to parse com.docker.network.driver.mtu value: abc (strconv.Atoi: parsing "abc": invalid syntax)',
  ],
  ["com.docker.network.driver.mtu", "70000", "invalid argument"],
  [
    "com.docker.network.bridge.gateway_mode_ipv4",
    "foo",
    "failed to parse com.docker.network.bridge.gateway_mode_ipv4 value: foo (unknown gateway mode foo)",
  ],
  [
    "com.docker.network.bridge.gateway_mode_ipv6",
    "foo",
    "failed to parse com.docker.network.bridge.gateway_mode_ipv6 value: foo (unknown gateway mode foo)",
  ],
  [
    "com.docker.network.bridge.host_binding_ipv4",
    "foo",
    "failed to parse com.docker.network.bridge.host_binding_ipv4 value: foo (nil ip)",
  ],
  ["com.docker.network.host_ipv4", "foo", "failed to parse com.docker.network.host_ipv4 value: foo (nil ip)"],
  ["com.docker.network.host_ipv6", "foo", "failed to parse com.docker.network.host_ipv6 value: foo (nil ip)"],
  ["com.docker.network.bridge.name", "toolongbridgename1", "numerical result out of range"],
  ["com.docker.network.bridge.name", "a/b", "invalid argument"],
  ["com.docker.network.enable_ipv4", "x", 'driver-opt "com.docker.network.enable_ipv4" is not a valid bool'],
  ["com.docker.network.enable_ipv6", "x", 'driver-opt "com.docker.network.enable_ipv6" is not a valid bool'],
])("%s=%s is refused", async (option, value, words) => {
  const message = await createNetwork(networks.deps, { Name: "refused", Options: { [option]: value } }).then(
    () => "made",
    (error: Error) => error.message,
  );
  expect(message).toBe(words);
});

test("a network shows its subnets as they were asked for, and those that nobody chose with their gateway", async () => {
  const shown = async (request: Omit<NetworkCreateRequest, "Name">) => {
    await createNetwork(networks.deps, { Name: "shown", ...request });
    const { IPAM, ...rest } = inspectNetwork(networks.deps, "shown");
    const listed = (await listNetworks(networks.deps, noFilters)).find(({ Name }) => Name === "shown");
    expect(listed?.IPAM).toEqual(IPAM);
    expect(Object.keys(rest)).not.toContain("asked");
    const a = await networks.setUp({ networkMode: "shown" });
    expect((await inside(a.path, ["ip", "route"])).stdout).toContain("default via ");
    await tearDownSandbox(networks.deps, a.id);
    await removeNetwork(networks.deps, "shown");
    return IPAM?.Config;
  };
  const [v4, v6] = [{ Subnet: `${networks.net}.0/24` }, { Subnet: "fd00:b7:2::/64" }];
  expect(await shown({ IPAM: { Config: [v4] } })).toEqual([v4]);
  expect(await shown({ IPAM: { Config: [{ ...v4, IPRange: `${networks.net}.128/25` }] } })).toEqual([
    { ...v4, IPRange: `${networks.net}.128/25` },
  ]);
  expect(await shown({ EnableIPv6: true, IPAM: { Config: [v6, v4] } })).toEqual([v4, v6]);
  expect(await shown({ EnableIPv6: true, IPAM: { Config: [v4] } })).toEqual([
    v4,
    { Subnet: expect.any(String), Gateway: expect.stringMatching(/^fd.*::1$/) },
  ]);
  expect(await shown({ EnableIPv6: true, IPAM: { Config: [v6] } })).toEqual([
    v6,
    { Subnet: expect.any(String), Gateway: expect.stringMatching(/^\d.*\.1$/) },
  ]);
  expect(await shown({})).toEqual([{ Subnet: expect.any(String), Gateway: expect.any(String) }]);
});

test("containers choose addresses where the network's maker chose the subnet", async () => {
  const refusal = (networkMode: string, IPAMConfig: Record<string, string>) =>
    networks.setUp({ networkMode, endpoints: { [networkMode]: { IPAMConfig } } }).then(
      () => "made",
      (error: Error) => error.message,
    );
  const words =
    "invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with " +
    "user configured subnets";
  await createNetwork(networks.deps, { Name: "given" });
  const subnet = inspectNetwork(networks.deps, "given").IPAM?.Config?.[0]?.Gateway?.replace(/1$/, "77") ?? "";
  expect(await refusal("given", { IPv4Address: subnet })).toBe(words);
  await createNetwork(networks.deps, {
    Name: "chosen",
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: `${networks.net}.0/24` }] },
  });
  const own = inspectNetwork(networks.deps, "chosen").IPAM?.Config?.[1]?.Gateway?.replace(/1$/, "77") ?? "";
  expect(await refusal("chosen", { IPv6Address: own })).toBe(words);
  const a = await networks.setUp({
    networkMode: "chosen",
    endpoints: { chosen: { IPAMConfig: { IPv4Address: `${networks.net}.77` } } },
  });
  expect(a.ip).toBe(`${networks.net}.77`);
  await tearDownSandbox(networks.deps, a.id);
  for (const name of ["given", "chosen"]) await removeNetwork(networks.deps, name);
});

test("a network without addresses of its own is none", async () => {
  const refusal = (request: Omit<NetworkCreateRequest, "Name">) =>
    createNetwork(networks.deps, { Name: "bare", ...request }).then(
      () => "made",
      (error: Error) => error.message,
    );
  expect(await refusal({ IPAM: { Driver: "null" } })).toBe("ipv4 pool is empty");
  expect(await refusal({ EnableIPv4: false, EnableIPv6: true, IPAM: { Driver: "null" } })).toBe("ipv6 pool is empty");
  expect(await refusal({ IPAM: { Driver: "null", Config: [{ Subnet: "10.4.0.0/24" }] } })).toBe(
    "null ipam driver does not handle specific address pool requests",
  );
});

describe("configuration-only networks", () => {
  const refusal = (request: NetworkCreateRequest) =>
    createNetwork(networks.deps, request).then(
      () => "made",
      (error: Error) => error.message,
    );

  test("a network takes from one its subnets, options and labels; until then they are nobody's", async () => {
    const IPAM = { Config: [{ Subnet: `${networks.net}.0/24`, Gateway: `${networks.net}.9` }] };
    await createNetwork(networks.deps, {
      Name: "plan",
      ConfigOnly: true,
      IPAM,
      Options: { "com.docker.network.driver.mtu": "1400" },
      Labels: { a: "b" },
    });
    await createNetwork(networks.deps, { Name: "made", Internal: true, ConfigFrom: { Network: "plan" } });
    expect(inspectNetwork(networks.deps, "made")).toMatchObject({
      IPAM,
      Options: { "com.docker.network.driver.mtu": "1400" },
      Labels: { a: "b" },
      Internal: true,
      ConfigFrom: { Network: "plan" },
    });
    const a = await networks.setUp({ networkMode: "made" });
    expect((await inside(a.path, ["ip", "link", "show", "eth0"])).stdout).toContain("mtu 1400");
    await tearDownSandbox(networks.deps, a.id);
    // Two at once would overlap.
    expect(await refusal({ Name: "again", ConfigFrom: { Network: "plan" } })).toContain("overlaps");
    await expect(removeNetwork(networks.deps, "plan")).rejects.toThrow(
      'error while removing network: configuration network "plan" is in use',
    );
    for (const name of ["made", "plan"]) await removeNetwork(networks.deps, name);
  });

  test("one may even be without any family, or with drivers that are not here", async () => {
    await createNetwork(networks.deps, {
      Name: "odd",
      ConfigOnly: true,
      EnableIPv4: false,
      Driver: "nosuch",
      IPAM: { Driver: "nosuch" },
    });
    expect(inspectNetwork(networks.deps, "odd")).toMatchObject({
      Driver: "null",
      EnableIPv4: false,
      IPAM: { Driver: "nosuch" },
    });
    await removeNetwork(networks.deps, "odd");
  });

  test("what does not go with them", async () => {
    const operator =
      "configuration network can only contain network specific fields. Network operator fields like [ ingress " +
      "| internal | attachable | scope ] are not supported.";
    for (const more of [{ Internal: true }, { Attachable: true }, { Ingress: true }, { Scope: "local" }])
      expect(await refusal({ Name: "n", ConfigOnly: true, ...more })).toBe(operator);
    const own = "user specified configurations are not supported if the network depends on a configuration network";
    for (const more of [
      { Labels: { a: "b" } },
      { EnableIPv6: true },
      { IPAM: { Driver: "odd" } },
      { IPAM: { Options: { a: "b" } } },
      { IPAM: { Config: [{ Subnet: "10.9.8.0/24" }] } },
    ]) {
      expect(await refusal({ Name: "n", ConfigFrom: { Network: "plan" }, ...more })).toBe(own);
    }
    expect(await refusal({ Name: "n", ConfigFrom: { Network: "plan" }, Options: { a: "b" } })).toBe(
      "network driver options are not supported if the network depends on a configuration network",
    );
    expect(await refusal({ Name: "n", ConfigFrom: { Network: "bridge" } })).toBe(
      'configuration network "bridge" does not exist',
    );
  });
});
