import type { IPAMConfig } from "../../api/types/network.ts";
import { unavailable } from "../../lib/errors.ts";
import { type Cidr, formatCidr, formatIp, parseCidr } from "../../lib/ip.ts";
import { freeAddresses } from "../../network/address/ipam.ts";
import type { NetworkObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";

/**
 * Gives out addresses of the cluster's networks from what the state shows to be free: taken are those of services, of
 * tasks that may still run and of nodes, and all that it has given itself. To be used for one commit under `guarded`,
 * and thrown away.
 */
export class Addresses {
  private readonly networks = new Map<string, FreeAddresses>();
  private taken: ReadonlyMap<string, Set<string>> | null = null;

  constructor(private readonly state: ClusterState) {}

  /** One address a family, as CIDRs. Throws `unavailable` where a network has none left. */
  take(network: NetworkObject): string[] {
    let free = this.networks.get(network.ID);
    if (!free) {
      this.taken ??= takenAddresses(this.state);
      free = new FreeAddresses(network, this.taken.get(network.ID) ?? new Set());
      this.networks.set(network.ID, free);
    }
    return free.take();
  }
}

/** What is left of one network, by family. */
class FreeAddresses {
  private readonly families: (() => Cidr | undefined)[];

  constructor(
    private readonly network: NetworkObject,
    taken: ReadonlySet<string>,
  ) {
    const configs = network.IPAM.Config ?? [];
    this.families = [
      ...(network.EnableIPv4 ? [oneAfterTheOther(configs, 4, taken)] : []),
      ...(network.EnableIPv6 ? [oneAfterTheOther(configs, 6, taken)] : []),
    ];
  }

  take(): string[] {
    return this.families.map((next) => {
      const found = next();
      if (!found) throw unavailable(`network ${this.network.Name} has no free address left`);
      return formatCidr(found);
    });
  }
}

/** The free addresses of a family, of the first subnet first. */
function oneAfterTheOther(configs: readonly IPAMConfig[], family: 4 | 6, taken: ReadonlySet<string>) {
  const free = configs
    .filter(({ Subnet }) => parseCidr(Subnet ?? "")?.ip.family === family)
    .map((config) => freeAddresses(config, taken));
  return (): Cidr | undefined => {
    for (const each of free) {
      const next = each.next();
      if (!next.done) return next.value;
    }
    return undefined;
  };
}

/** By network: the addresses that somebody has, without prefix length. */
function takenAddresses(state: ClusterState): Map<string, Set<string>> {
  const taken = new Map<string, Set<string>>();
  const take = (networkId: string, cidr: string) => {
    const ip = parseCidr(cidr)?.ip;
    if (!ip) return;
    const known = taken.get(networkId);
    if (known) known.add(formatIp(ip));
    else taken.set(networkId, new Set([formatIp(ip)]));
  };
  for (const { Endpoint } of state.all("service"))
    for (const { NetworkID, Addr } of Endpoint?.VirtualIPs ?? []) take(NetworkID, Addr);
  for (const task of state.all("task")) {
    // What has ended is remembered for a while, but needs none any more.
    if (task.Networks.length === 0 || isOver(taskStatus(state, task).State)) continue;
    for (const { NetworkID, Addresses } of task.Networks) for (const each of Addresses) take(NetworkID, each);
  }
  const ingress = ingressNetwork(state);
  if (ingress) for (const { IngressAddr } of state.all("node")) take(ingress.ID, IngressAddr);
  return taken;
}

/** The network that published ports come in by; undefined: there is none. */
export const ingressNetwork = (state: ClusterState): NetworkObject | undefined =>
  [...state.all("network")].find(({ Ingress }) => Ingress);
