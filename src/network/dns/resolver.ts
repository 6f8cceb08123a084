import { formatIp, type Ip, parseCidr, sameIp } from "../../lib/ip.ts";
import type { Store } from "../../store/store.ts";
import type { NetworkRecord } from "../record.ts";
import { endpointByAddress, endpointsByName, sandboxOf } from "../table.ts";

/** Looks up names of containers on networks. */
export interface NetworkResolver {
  /** The addresses of every container with the name on the network; empty: no container has it there. */
  byName(network: NetworkRecord, name: string): readonly Named[];
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

/** Knows the containers that run on this machine, and of networks of several machines what it is told. */
export class Resolver implements NetworkResolver {
  /** By network, then by name in lower case. */
  private readonly shared = new Map<string, ReadonlyMap<string, readonly SharedName[]>>();

  constructor(private readonly store: Store) {}

  /** Who has which name on a network of several machines; those on this machine, too. null: nobody any more. */
  shareNames(networkId: string, names: ReadonlyMap<string, readonly SharedName[]> | null): void {
    if (names) this.shared.set(networkId, names);
    else this.shared.delete(networkId);
  }

  byName(network: NetworkRecord, name: string): readonly Named[] {
    const shared = this.shared.get(network.Id)?.get(name);
    if (shared) return shared;
    return endpointsByName(this.store, network.Id, name).map(({ ipv4, ipv6 }) => ({
      ipv4: ipOf(ipv4),
      ipv6: ipOf(ipv6),
    }));
  }

  nameOf(network: NetworkRecord, ip: Ip): string | null {
    const endpoint = endpointByAddress(this.store, network.Id, formatIp(ip));
    if (endpoint) return sandboxOf(this.store, endpoint.containerId)?.name ?? null;
    for (const named of this.shared.get(network.Id)?.values() ?? []) {
      for (const { ipv4, ipv6, owner } of named)
        if ((ipv4 && sameIp(ipv4, ip)) || (ipv6 && sameIp(ipv6, ip))) return owner;
    }
    return null;
  }
}

/** Whom a name of a network of several machines means. */
export interface SharedName extends Named {
  /** The name that the container has alone. */
  owner: string;
}

const ipOf = (cidr: string): Ip | null => parseCidr(cidr)?.ip ?? null;
