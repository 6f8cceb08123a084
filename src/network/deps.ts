import type { ActionOf } from "../api/event-actions.ts";
import type { Plugins } from "../plugin/plugins.ts";
import type { AddressPool } from "./address/ipam.ts";
import type { IpamDrivers } from "./address/ipam-driver.ts";
import type { Resolver } from "./dns/resolver.ts";
import type { DriverDeps, NetworkDrivers } from "./driver/driver.ts";
import type { LiveNetworks } from "./live.ts";

/** What the verbs of `network/` need. Plain data, put together by daemon/wire.ts. */
export interface NetworkDeps extends DriverDeps {
  events: NetworkEvents;
  /** Every kind of network that can be made here. */
  drivers: NetworkDrivers;
  /** Where drivers and IPAM drivers of other names are looked for. */
  plugins: Plugins;
  /** Who can choose the subnets of networks. */
  ipamDrivers: IpamDrivers;
  /** Who the name services of containers ask for names. */
  resolver: Resolver;
  /** `netns/<container id>` under it holds the network namespaces. */
  execRoot: string;
  /** The default network called `bridge`; null: there is none (`--bridge none`). */
  bridge: BridgeConfig | null;
  /** Name servers, search domains and options for containers that name none themselves. */
  dns: DnsConfig;
  /** The ranges that subnets are taken from for networks whose request names none; see {@link defaultAddressPools}. */
  addressPools: AddressPool[];
  /** Default options of new networks, by driver; a request's own options win. */
  defaultOptions: Record<string, Record<string, string>>;
  /** What `host-gateway` in an extra host stands for; empty: the default bridge's own address. */
  hostGatewayIps: string[];
  /** Host address for published ports that name no address; Docker's `--ip`. Empty: every address, v4 and v6. */
  publishAddress: string;
  /** Published ports may be reached at the containers' own addresses, by any machine that has a route to them. */
  allowDirectRouting: boolean;
  /** Path of the D-Bus system bus's socket, by which firewalld is reached. The file need not exist. */
  systemBus: string;
  /** Turn the machine's IP forwarding on where a network needs it. */
  ipForward: boolean;
  /** What cannot be in the database: locks, held ports, name servers, sockets. Made by `new LiveNetworks()`. */
  live: LiveNetworks;
}

/** The part of the event bus that networks speak to. */
export interface NetworkEvents {
  publish(
    type: "network",
    action: ActionOf<"network">,
    actor: { ID: string; Attributes: Record<string, string> },
  ): void;
}

/** The daemon's settings for the default network `bridge`, one for each of dockerd's flags of that meaning. */
export interface BridgeConfig {
  /** Name of the kernel's bridge, 15 bytes at most. */
  name: string;
  /** The bridge's own address with its prefix length (`172.30.0.1/16`), as `--bip`; empty: from the pools. */
  cidr: string;
  /** The same by IPv6, as `--bip6`. */
  cidrV6: string;
  /** Part of the subnet that containers get addresses from; empty: all of it. */
  fixedCidr: string;
  /**
   * As `--ipv6` and `--fixed-cidr-v6`. The second is the subnet, or, with `cidrV6`, the part of its subnet that
   * containers get addresses from. With IPv6 on and both empty, a subnet comes from the instance's own fd00::/8 prefix.
   */
  ipv6: boolean;
  fixedCidrV6: string;
  /** Address of the default route of containers; empty: the bridge's own. */
  defaultGateway: string;
  defaultGatewayV6: string;
  /** Containers on it may talk to each other. */
  icc: boolean;
  /** Hide containers behind the host's address when they leave. */
  masquerade: boolean;
  /** 0: 1500. */
  mtu: number;
}

/** What the daemon's `--dns`, `--dns-search` and `--dns-opt` say; an empty list: nothing was given. */
export interface DnsConfig {
  servers: string[];
  search: string[];
  options: string[];
}
