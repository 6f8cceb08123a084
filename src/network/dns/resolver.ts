import { formatIp, type Ip, parseCidr } from "../../lib/ip.ts";
import type { Store } from "../../store/store.ts";
import type { NetworkRecord } from "../record.ts";
import { endpointByAddress, endpointsByName, sandboxOf } from "../table.ts";

/** Looks up names of containers on networks. */
export interface NetworkResolver {
  /** The addresses of every container with the name on the network; empty: no container has it there. */
  byName(network: NetworkRecord, name: string): Named[];
  /**
   * The name of the container that has the address, without the network's name behind it; null: no container has it
   * there.
   */
  nameOf(network: NetworkRecord, ip: Ip): string | null;
}

/** The addresses of one container with a name on a network; null: it has none of that family. */
export interface Named {
  ipv4: Ip | null;
  ipv6: Ip | null;
}

/** Knows the containers that run on this machine. */
export function localResolver(store: Store): NetworkResolver {
  const ipOf = (cidr: string) => parseCidr(cidr)?.ip ?? null;
  return {
    byName: (network, name) =>
      endpointsByName(store, network.Id, name).map(({ ipv4, ipv6 }) => ({ ipv4: ipOf(ipv4), ipv6: ipOf(ipv6) })),
    nameOf(network, ip) {
      const endpoint = endpointByAddress(store, network.Id, formatIp(ip));
      return (endpoint && sandboxOf(store, endpoint.containerId)?.name) ?? null;
    },
  };
}
