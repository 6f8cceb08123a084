import { type PluginAnswer, RecordingPlugin } from "../../src/plugin/testing.ts";
import { sh } from "../harness.ts";

interface Asked {
  NetworkID: string;
  EndpointID: string;
  PoolID: string;
  Address: string;
  Pool: string;
  Interface: { Address: string; MacAddress: string };
  Options: Record<string, unknown> | null;
  IPv4Data: { Gateway: string }[];
}

/**
 * A network driver and an IPAM driver of the tests' own. A network is a bridge with the gateway's address, an endpoint
 * a pair of veth; addresses are counted upwards. `networks`, `endpoints` and `addresses` are those that it has given
 * and not got back; what a test puts into `faults` it answers instead.
 */
export class NetworkPlugin extends RecordingPlugin {
  readonly networks = new Map<string, { bridge: string; gateway: string }>();
  readonly endpoints = new Map<string, string>();
  readonly addresses = new Set<string>();
  readonly pools = new Set<string>();
  readonly faults: Record<string, PluginAnswer> = {};
  /** Third number of the subnet's addresses. */
  subnet = "10.99.7";
  #count = 1;

  /** `mark`: the beginning of all names of links, which tells them from others'. */
  constructor(
    socket: string,
    readonly mark: string,
    scope = "local",
  ) {
    const verbs: Record<string, (asked: Asked) => unknown> = {
      "NetworkDriver.CreateNetwork": (asked) => this.#createNetwork(asked),
      "NetworkDriver.DeleteNetwork": ({ NetworkID }) => this.#deleteNetwork(NetworkID),
      "NetworkDriver.CreateEndpoint": (asked) => this.#createEndpoint(asked),
      "NetworkDriver.DeleteEndpoint": ({ EndpointID }) => this.#deleteEndpoint(EndpointID),
      "NetworkDriver.Join": ({ NetworkID, EndpointID }) => ({
        InterfaceName: { SrcName: this.endpoints.get(EndpointID) ?? "", DstPrefix: "plug" },
        Gateway: this.networks.get(NetworkID)?.gateway.split("/")[0],
        StaticRoutes: [{ Destination: "192.0.2.0/24", RouteType: 1, NextHop: "" }],
      }),
      "IpamDriver.RequestPool": ({ Pool }) => this.#requestPool(Pool),
      "IpamDriver.ReleasePool": ({ PoolID }) => this.pools.delete(PoolID) && {},
      "IpamDriver.RequestAddress": (asked) => this.#requestAddress(asked),
      "IpamDriver.ReleaseAddress": ({ Address }) => this.addresses.delete(Address) && {},
    };
    const answers = Object.entries(verbs).map(([method, work]): [string, PluginAnswer] => [
      method,
      (body) => {
        const fault = this.faults[method];
        if (fault !== undefined) return typeof fault === "function" ? fault(body) : fault;
        return work(body as Asked);
      },
    ]);
    super(socket, {
      "Plugin.Activate": { Implements: ["NetworkDriver", "IpamDriver"] },
      "NetworkDriver.GetCapabilities": { Scope: scope, ConnectivityScope: "" },
      "IpamDriver.GetCapabilities": { RequiresMACAddress: true, RequiresRequestReplay: true },
      "IpamDriver.GetDefaultAddressSpaces": { LocalDefaultAddressSpace: "here", GlobalDefaultAddressSpace: "all" },
      ...Object.fromEntries(answers),
    });
  }

  /** The verbs that were asked, in order. */
  verbs(): string[] {
    return this.methods().map((method) => method.replace("Driver.", "."));
  }

  /** What it has given and not got back. */
  held(): unknown[] {
    return [...this.networks.keys(), ...this.endpoints.keys(), ...this.addresses, ...this.pools];
  }

  async #createNetwork({ NetworkID, IPv4Data }: Asked): Promise<unknown> {
    const bridge = `${this.mark}b${NetworkID.slice(0, 6)}`;
    const gateway = IPv4Data[0]?.Gateway ?? "";
    await ip("link", "add", bridge, "type", "bridge");
    await ip("address", "add", gateway, "dev", bridge);
    await ip("link", "set", bridge, "up");
    this.networks.set(NetworkID, { bridge, gateway });
    return {};
  }

  async #deleteNetwork(id: string): Promise<unknown> {
    await ip("link", "delete", this.networks.get(id)?.bridge ?? "");
    this.networks.delete(id);
    return {};
  }

  async #createEndpoint({ NetworkID, EndpointID, Interface }: Asked): Promise<unknown> {
    const [outer, inner] = ["o", "i"].map((end) => `${this.mark}${end}${EndpointID.slice(0, 6)}`);
    await ip("link", "add", outer ?? "", "type", "veth", "peer", "name", inner ?? "");
    await ip("link", "set", outer ?? "", "master", this.networks.get(NetworkID)?.bridge ?? "", "up");
    this.endpoints.set(EndpointID, inner ?? "");
    return { Interface: Interface.MacAddress ? {} : { MacAddress: "02:aa:bb:cc:dd:ee" } };
  }

  async #deleteEndpoint(id: string): Promise<unknown> {
    await ip("link", "delete", this.endpoints.get(id) ?? "");
    this.endpoints.delete(id);
    return {};
  }

  /** As one that keeps no notes does, when it starts anew. */
  forgetAddresses(): void {
    this.addresses.clear();
    this.pools.clear();
  }

  #requestPool(asked: string): unknown {
    const pool = asked || `${this.subnet}.0/24`;
    this.pools.add(`id-${pool}`);
    return { PoolID: `id-${pool}`, Pool: pool, Data: {} };
  }

  #requestAddress({ PoolID, Address }: Asked): unknown {
    const start = PoolID.replace("id-", "").replace(/\.0\/24$/, "");
    const address = Address || `${start}.${this.#count++}`;
    this.addresses.add(address);
    return { Address: `${address}/24` };
  }
}

async function ip(...args: string[]): Promise<void> {
  await sh(["ip", ...args]);
}
