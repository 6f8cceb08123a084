import type { Ip } from "../../lib/ip.ts";
import type { Netns } from "../../linux/namespace.ts";
import type { NetlinkSocket } from "../../linux/netlink/socket.ts";
import type { NetworkContext } from "../context.ts";
import type { FirewallNetwork } from "../firewall/ruleset.ts";
import type { EndpointRecord, NetworkRecord } from "../record.ts";
import { bridge } from "./bridge.ts";
import { ipvlan } from "./ipvlan.ts";
import { macvlan } from "./macvlan.ts";

/** A container's namespace with a socket that speaks to it. */
export interface OpenNetns {
  netns: Netns;
  route: NetlinkSocket;
}

export interface Gateways {
  v4: Ip | "direct" | null;
  v6: Ip | "direct" | null;
}

/**
 * One kind of network. Calls in their order: `check` once at create, `ensure` at create and at every boot; for each
 * container `attach` and `detach`; `remove` at the end. All but `check` may be called again after a crash half way.
 */
export interface NetworkDriver {
  /** Throws what is wrong with the network's options. May fill in what was left open. */
  check(ctx: NetworkContext, network: NetworkRecord): void;
  /** Makes what the network needs on the host. */
  ensure(ctx: NetworkContext, network: NetworkRecord): void;
  /** Takes it away. Nothing there: does nothing. */
  remove(ctx: NetworkContext, network: NetworkRecord): void;
  /** Makes the endpoint's interface inside the namespace, without addresses, down. `published`: ports lead to it. */
  attach(ctx: NetworkContext, network: NetworkRecord, endpoint: EndpointRecord, open: OpenNetns, published: boolean): void;
  /** Packets pass through the endpoint. The kernel takes its time to find out that both ends of a link are up. */
  ready(ctx: NetworkContext, network: NetworkRecord, endpoint: EndpointRecord): boolean;
  /** Cuts the endpoint off at once; what is left of it goes with the namespace. Nothing there: does nothing. */
  detach(ctx: NetworkContext, network: NetworkRecord, endpoint: EndpointRecord): void;
  /** Takes the endpoint's interface out of a namespace that lives on. Nothing there: does nothing. */
  withdraw(endpoint: EndpointRecord, open: OpenNetns): void;
  /** Where a default route through this network leads; `direct`: out of the interface without a gateway. */
  gateways(network: NetworkRecord): Gateways;
  /** What the firewall must know; null: nothing. */
  firewall(network: NetworkRecord): FirewallNetwork | null;
  /** Interfaces inside are called so, with a number behind. */
  interfacePrefix(network: NetworkRecord): string;
}

const drivers: Record<string, NetworkDriver> = { bridge, ipvlan, macvlan };

/** As `GET /info` lists them. */
export const networkDrivers = ["bridge", "host", "ipvlan", "macvlan", "null"] as const;

/** null for host and none, which have nothing to drive, and for drivers that are not here. */
export function driverOf(network: NetworkRecord): NetworkDriver | null {
  return drivers[network.Driver] ?? null;
}
