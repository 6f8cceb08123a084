/** What every network driver has to do. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { newId } from "../../src/lib/ids.ts";
import { runOk } from "../../src/lib/run.ts";
import { createNetns, removeNetns } from "../../src/linux/namespace.ts";
import { findLink } from "../../src/linux/netlink/find-link.ts";
import type { NetworkDriver, OpenNetns } from "../../src/network/driver/driver.ts";
import { inspectNetwork } from "../../src/network/inspect.ts";
import { emptyNetwork } from "../../src/network/predefined.ts";
import type { EndpointRecord, NetworkRecord } from "../../src/network/record.ts";
import { configureInterface, openNetns } from "../../src/network/sandbox/interface.ts";
import { sweepLingering } from "../../src/network/sandbox/lingering.ts";
import { saveNetwork } from "../../src/network/table.ts";
import { TestNetworks, until } from "./harness.ts";

export interface DriverCase {
  driver: NetworkDriver;
  /** Options of a network that the driver takes. */
  options?: Record<string, string>;
  /** The network sits on an interface of the host, named by the option `parent`. */
  onParent?: boolean;
  /** Options that it refuses, and some of its words. */
  refused?: [options: Record<string, string>, words: string];
}

interface Scene {
  networks: TestNetworks;
  network: NetworkRecord;
  endpoint: EndpointRecord;
  open: OpenNetns;
}

export function networkDriverSuite({ driver, options = {}, onParent = false, refused }: DriverCase): void {
  const { name, gives } = driver;

  /** A network and an endpoint as rows would have them, and an empty namespace. */
  const onScene = async (work: (scene: Scene) => void | Promise<void>) => {
    await using networks = await TestNetworks.start({ bridge: null });
    const parent = `ms${networks.instance}`;
    if (onParent) await runOk(["ip", "link", "add", parent, "type", "ifb"]);
    await using _parent = {
      [Symbol.asyncDispose]: async () => void (onParent && (await runOk(["ip", "link", "del", parent]))),
    };
    const network: NetworkRecord = {
      ...emptyNetwork("suite", name),
      Options: onParent ? { ...options, parent } : options,
      IPAM: {
        Driver: "default",
        Options: null,
        Config: [{ Subnet: `${networks.net}.0/24`, Gateway: `${networks.net}.1` }],
      },
    };
    const endpoint: EndpointRecord = {
      id: newId(),
      networkId: network.Id,
      containerId: newId(),
      interfaceName: gives === "interface" ? "eth0" : "",
      mac: driver.macAddresses ? "02:42:0a:01:02:03" : "",
      ipv4: gives === "interface" ? `${networks.net}.2/24` : "",
      ipv6: "",
      settings: {},
      names: [],
    };
    const path = join(networks.root, "netns", "suite");
    using open = openNetns(await createNetns(path));
    try {
      await work({ networks, network, endpoint, open });
    } finally {
      driver.detach(networks.deps, network, endpoint);
      driver.remove(networks.deps, network);
      removeNetns(path);
      sweepLingering(networks.deps);
    }
  };
  /** What is not as it should be. */
  const wrong = (items: ReturnType<NetworkDriver["compare"]>) => items.filter(({ State }) => State !== "ok");

  describe(name, () => {
    test("says one thing of itself", () =>
      onScene(({ networks, network, endpoint }) => {
        expect(networks.deps.drivers.builtin.get(name)).toBe(driver);
        if (driver.onlyNetwork !== null)
          expect(inspectNetwork(networks.deps, driver.onlyNetwork)).toMatchObject({ Driver: name });
        expect(driver.firewall(network) !== null).toBe(driver.publishesPorts);
        if (gives === "interface") {
          expect(driver.interfacePrefix(network)).not.toBe("");
          return;
        }
        expect(driver).toMatchObject({ macAddresses: false, publishesPorts: false, forwards: false });
        expect(driver.gateways(network)).toEqual({ v4: null, v6: null });
        expect([driver.wantsGateway(network), driver.hostLink(endpoint)]).toEqual([false, null]);
      }));

    test("takes its options, and says what is wrong with others", () =>
      onScene(({ networks, network }) => {
        driver.validate(networks.deps, network);
        if (!refused) return;
        const [wrongOptions, words] = refused;
        expect(() => driver.validate(networks.deps, { ...network, Options: wrongOptions })).toThrow(words);
      }));

    test("makes what the network needs, again and again, and takes it away", () =>
      onScene(({ networks: { deps }, network }) => {
        saveNetwork(deps.store, network);
        for (let round = 0; round < 2; round++) {
          driver.ensure(deps, network);
          driver.ensure(deps, network);
          const made = driver.compare(deps, network);
          // Who routes by the loopback network is the firewall's affair, and it has not been asked.
          expect(wrong(made).filter(({ Object }) => !Object.endsWith(".route_localnet"))).toEqual([]);
          driver.remove(deps, network);
          driver.remove(deps, network);
          if (made.length > 0) expect(wrong(driver.compare(deps, network))).not.toEqual([]);
        }
      }));

    test("gives a container its interface, and takes it back", () =>
      onScene(async ({ networks: { deps }, network, endpoint, open }) => {
        if (gives !== "interface") return;
        saveNetwork(deps.store, network);
        driver.ensure(deps, network);
        for (const published of [false, true]) {
          try {
            driver.attach(deps, network, endpoint, open, published);
          } catch (error) {
            // Kernels differ in what they have; what was begun is taken back.
            expect(String(error)).toContain(`this kernel has no ${name} links: it lacks CONFIG_`);
            expect(findLink(open.route, "eth0")).toBe(null);
            return;
          }
          const link = findLink(open.route, "eth0");
          expect(link?.up).toBe(false);
          if (driver.macAddresses) expect(link?.mac).toBe(endpoint.mac);
          configureInterface(open, endpoint);
          await until(() => driver.ready(deps, network, endpoint));
          for (const leads of [true, true, false, false]) driver.publish(deps, network, endpoint, leads);
          const hostLink = driver.hostLink(endpoint);
          if (hostLink !== null) expect(findLink(deps.live.route, hostLink)?.up).toBe(true);
          expect(wrong(driver.compareEndpoint(deps, network, endpoint, "c", published))).toEqual([]);

          driver.detach(deps, network, endpoint);
          driver.detach(deps, network, endpoint);
          if (hostLink !== null) {
            const items = driver.compareEndpoint(deps, network, endpoint, "c", published);
            expect(items).toMatchObject([{ Owner: "c", State: "differs" }]);
            await items[0]?.repair?.();
            expect(wrong(driver.compareEndpoint(deps, network, endpoint, "c", published))).toEqual([]);
          }
          driver.withdraw(endpoint, open);
          driver.withdraw(endpoint, open);
          expect(findLink(open.route, "eth0")).toBe(null);
        }
      }));
  });
}
