import { describe, expect, test } from "bun:test";
import { newId } from "../../src/lib/ids.ts";
import { createNetwork } from "../../src/network/create.ts";
import { bridge } from "../../src/network/driver/bridge/bridge.ts";
import { host, none } from "../../src/network/driver/interfaceless.ts";
import { ipvlan } from "../../src/network/driver/ipvlan.ts";
import { macvlan } from "../../src/network/driver/macvlan.ts";
import { inspectNetwork } from "../../src/network/inspect.ts";
import { removeNetwork } from "../../src/network/remove.ts";
import { networkDriverSuite } from "./driver.suite.ts";
import { TestNetworks } from "./harness.ts";

const mtu = "com.docker.network.driver.mtu";
networkDriverSuite({
  driver: bridge,
  options: { [mtu]: "1400" },
  refused: [{ [mtu]: "-1" }, "invalid MTU number: -1"],
});
networkDriverSuite({ driver: host });
networkDriverSuite({
  driver: ipvlan,
  onParent: true,
  refused: [{ ipvlan_mode: "odd" }, "requested ipvlan mode 'odd' is not valid"],
});
networkDriverSuite({
  driver: macvlan,
  onParent: true,
  refused: [{ macvlan_mode: "odd" }, "requested macvlan mode 'odd' is not valid"],
});
networkDriverSuite({ driver: none });

describe("who makes a network for a cluster", () => {
  test("gives it the cluster's id and scope", async () => {
    await using networks = await TestNetworks.start({ bridge: null });
    const id = newId();
    const request = { Name: "wide", IPAM: { Config: [{ Subnet: `${networks.net}.0/24` }] } };
    await expect(createNetwork(networks.deps, { ...request, Scope: "swarm" })).rejects.toThrow(
      "cannot create a swarm scoped network when swarm is not active",
    );
    expect((await createNetwork(networks.deps, request, { id, scope: "swarm" })).Id).toBe(id);
    expect(inspectNetwork(networks.deps, "wide")).toMatchObject({ Id: id, Scope: "swarm", Driver: "bridge" });
    expect(networks.events).toMatchObject([{ action: "create", id }]);
    await expect(createNetwork(networks.deps, { Name: "other" }, { id })).rejects.toThrow(
      `network with id ${id} already exists`,
    );
    await removeNetwork(networks.deps, id);
  });

  test("a network of a driver that is not there is refused, whatever its name", async () => {
    await using networks = await TestNetworks.start({ bridge: null });
    for (const Driver of ["nosuch", "constructor"])
      await expect(createNetwork(networks.deps, { Name: "n", Driver })).rejects.toThrow(`plugin "${Driver}" not found`);
    for (const Driver of ["host", "null"])
      await expect(createNetwork(networks.deps, { Name: "n", Driver })).rejects.toThrow(
        `only one instance of "${Driver}" network is allowed`,
      );
  });
});
