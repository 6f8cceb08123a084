import type { Ip } from "../../lib/ip.ts";
import type { Logger } from "../../lib/log.ts";
import type { Netns } from "../../linux/namespace.ts";
import type { NetlinkSocket } from "../../linux/netlink/socket.ts";
import type { Store } from "../../store/store.ts";
import type { Item } from "../check/item.ts";
import type { FirewallNetwork } from "../firewall/ruleset.ts";
import type { PublishPolicy } from "../options.ts";
import type { OverlayState } from "../overlay/desired.ts";
import type { EndpointRecord, NetworkRecord } from "../record.ts";

/** What drivers may use of a daemon. */
export interface DriverDeps {
  store: Store;
  log: Logger;
  /** Eight hex digits that tell this daemon from others on the machine; names the nft table. */
  instance: string;
  /** The publish policy of networks without one of their own. A reload of the configuration may change it. */
  publishPolicy: PublishPolicy;
  live: DriverState;
}

/** What cannot be in the database. */
export interface DriverState {
  /** The daemon's own rtnetlink socket, in the host's namespace. */
  readonly route: NetlinkSocket;
  /** Links of containers that are gone; see `expectGone`. */
  readonly lingering: { names: Set<string>; timer: NodeJS.Timeout | null };
  /** What was said last of networks that lead to other machines, by network id. */
  readonly tunnels: Map<string, OverlayState>;
}

/** A container's namespace with a socket that speaks to it. */
export interface OpenNetns {
  netns: Netns;
  route: NetlinkSocket;
}

/**
 * Where the default routes lead by IPv4 and IPv6. `direct`: out of the interface without a gateway; null: there is no
 * default route.
 */
export interface Gateways {
  v4: Ip | "direct" | null;
  v6: Ip | "direct" | null;
}

/** What holds for every network of a kind, whatever its options. */
export interface NetworkCapabilities {
  /**
   * What a container gets: an interface of its own, with addresses; the host's whole namespace; or a namespace with
   * nothing in it. Only interfaces can be on several networks at once.
   */
  readonly gives: "interface" | "host" | "nothing";
  /** Interfaces have MAC addresses that the engine, or the user, chooses. */
  readonly macAddresses: boolean;
  /** Ports of its containers can be published on the host; the firewall knows the network then. */
  readonly publishesPorts: boolean;
  /** The host carries packets between it and other networks: it needs IP forwarding. */
  readonly forwards: boolean;
}

/**
 * One kind of network. Calls in their order: `validate` once at create, `ensure` at create and at every boot; for each
 * container `attach` and `detach`; `remove` at the end. All but `validate` may be called again after a crash half way.
 * A driver that gives no interfaces is never asked to `attach`, `publish` or `withdraw` one.
 */
export interface NetworkDriver extends NetworkCapabilities {
  /** As `--driver` and `GET /info` name it. */
  readonly name: string;
  /** It is a program of its own, which is told of networks and endpoints by `network/plugin/`. */
  readonly plugin: boolean;
  /** Name of the one network of this kind, which always exists; null: users make as many as they like. */
  readonly onlyNetwork: string | null;
  /** Throws what is wrong with the network's options. May fill in what was left open. */
  validate(deps: DriverDeps, network: NetworkRecord): void;
  /** Whether the engine chooses a gateway where the request names none. */
  wantsGateway(network: NetworkRecord): boolean;
  /** Makes what the network needs on the host. */
  ensure(deps: DriverDeps, network: NetworkRecord): void;
  /** Removes what {@link ensure} made. Does nothing where there is nothing. */
  remove(deps: DriverDeps, network: NetworkRecord): void;
  /** Makes the endpoint's interface inside the namespace, without addresses, down. `published`: ports lead to it. */
  attach(deps: DriverDeps, network: NetworkRecord, endpoint: EndpointRecord, open: OpenNetns, published: boolean): void;
  /** As the `published` of {@link attach}, for an endpoint that exists: whether ports lead to it has changed. */
  publish(deps: DriverDeps, network: NetworkRecord, endpoint: EndpointRecord, published: boolean): void;
  /**
   * Whether packets pass through the endpoint already. The kernel notices with a delay that both ends of a link are up.
   */
  ready(deps: DriverDeps, network: NetworkRecord, endpoint: EndpointRecord): boolean;
  /**
   * Cuts the endpoint off at once; the rest of it is deleted with the namespace. Does nothing where there is nothing.
   */
  detach(deps: DriverDeps, network: NetworkRecord, endpoint: EndpointRecord): void;
  /** Deletes the endpoint's interface from a namespace that stays. Does nothing where there is none. */
  withdraw(endpoint: EndpointRecord, open: OpenNetns): void;
  /**
   * Where a default route through this network leads, for the endpoint where that matters; `direct`: out of the
   * interface without a gateway.
   */
  gateways(network: NetworkRecord, endpoint?: EndpointRecord): Gateways;
  /** What the firewall must know of the network; null: it need not know the network. */
  firewall(network: NetworkRecord): FirewallNetwork | null;
  /** Interfaces inside are called so, with a number behind. */
  interfacePrefix(network: NetworkRecord): string;
  /** The link on the host that the endpoint's interface is the other end of; null: it has none. */
  hostLink(endpoint: EndpointRecord): string | null;
  /** For `network check`: compares what {@link ensure} makes with what is there. */
  compare(deps: DriverDeps, network: NetworkRecord): Item[];
  /**
   * For `network check`: the same for the endpoint's {@link hostLink}. `owner` is the container's name, for display.
   */
  compareEndpoint(
    deps: DriverDeps,
    network: NetworkRecord,
    endpoint: EndpointRecord,
    owner: string,
    published: boolean,
  ): Item[];
}

/** The drivers of networks. */
export interface NetworkDrivers {
  /** Those that come with the engine, by name. */
  readonly builtin: ReadonlyMap<string, NetworkDriver>;
  /** A driver of any name: one that the engine has not is a plugin's, be it there or not. */
  plugin(name: string): NetworkDriver;
}

/** The driver of networks whose request names none. */
export const defaultDriver = "bridge";

/** The driver of a network; one that the engine has not is a plugin's. */
export function driverOf({ drivers }: { drivers: NetworkDrivers }, { Driver }: NetworkRecord): NetworkDriver {
  return drivers.builtin.get(Driver) ?? drivers.plugin(Driver);
}
