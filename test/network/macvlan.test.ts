import { expect, test } from "bun:test";
import { runOk } from "../../src/lib/run.ts";
import { createNetwork } from "../../src/network/create.ts";
import { tearDownSandbox } from "../../src/network/sandbox/tear-down.ts";
import { inside, TestNetworks } from "./harness.ts";
import { resolve } from "./resolve.ts";

test("macvlan: containers are machines on the parent's network", async () => {
  await using networks = await TestNetworks.start({ bridge: null });
  const [parent, far] = [`mp${networks.instance}`, `mf${networks.instance}`];
  await runOk(["ip", "link", "add", parent, "type", "veth", "peer", "name", far]);
  await using _parent = { [Symbol.asyncDispose]: async () => void (await runOk(["ip", "link", "del", parent])) };
  await runOk(["ip", "address", "add", `${networks.net}.1/24`, "dev", far]);
  await runOk(["ip", "link", "set", far, "up"]);

  await expect(
    createNetwork(networks.deps, { Name: "m", Driver: "macvlan", Options: { parent: "lo" } }),
  ).rejects.toThrow("loopback interface is not a valid macvlan parent link");
  await expect(
    createNetwork(networks.deps, { Name: "m", Driver: "macvlan", Options: { parent, macvlan_mode: "odd" } }),
  ).rejects.toThrow("requested macvlan mode 'odd' is not valid");
  await expect(
    createNetwork(networks.deps, { Name: "m", Driver: "macvlan", Options: { parent: "nosuch0" } }),
  ).rejects.toThrow("invalid subinterface vlan name nosuch0, example formatting is eth0.10");
  await createNetwork(networks.deps, {
    Name: "lan",
    Driver: "macvlan",
    Options: { parent },
    IPAM: {
      Config: [{ Subnet: `${networks.net}.0/24`, Gateway: `${networks.net}.1`, IPRange: `${networks.net}.64/26` }],
    },
  });
  const [a, b] = [
    await networks.setUp({ name: "a", networkMode: "lan" }),
    await networks.setUp({ name: "b", networkMode: "lan", macAddress: "02:11:22:33:44:55" }),
  ];
  expect([a.ip, b.ip]).toEqual([`${networks.net}.64`, `${networks.net}.65`]);
  expect(b.settings.Networks?.["lan"]?.MacAddress).toBe("02:11:22:33:44:55");
  expect((await inside(b.path, ["ip", "link", "show", "eth0"])).stdout).toContain("02:11:22:33:44:55");
  for (const ip of [b.ip, `${networks.net}.1`])
    expect((await inside(a.path, ["busybox", "ping", "-c1", "-W2", ip])).exitCode).toBe(0);
  expect((await inside(a.path, ["ip", "route"])).stdout).toContain(`default via ${networks.net}.1`);
  expect(await resolve(a.path, "b")).toEqual([b.ip]);
  for (const { id } of [a, b]) await tearDownSandbox(networks.deps, id);
});
