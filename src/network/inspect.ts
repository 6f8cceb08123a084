import type { EndpointResource, Network, NetworkInspect, SubnetStatus } from "../api/types/network.ts";
import { notFound } from "../lib/errors.ts";
import { firstIp, lastIp, parseCidr } from "../lib/ip.ts";
import type { NetworkContext } from "./context.ts";
import type { NetworkRecord } from "./record.ts";
import { resolveNetwork } from "./resolve.ts";
import { endpointsOfNetwork, sandboxOf, usedAddresses } from "./table.ts";

/** `GET /networks/{id}`: the network with the running containers on it. */
export function inspectNetwork(ctx: NetworkContext, ref: string, { scope }: { scope?: string } = {}): NetworkInspect {
  const network = resolveNetwork(ctx, ref);
  if (scope && scope !== network.Scope) throw notFound(`network ${ref} not found`);
  return { ...describeNetwork(network), Containers: containersOf(ctx, network), Status: { IPAM: { Subnets: subnetsOf(ctx, network) } } };
}

/** The wire shape is the record's own. */
export function describeNetwork(network: NetworkRecord): Network {
  return network;
}

function containersOf(ctx: NetworkContext, network: NetworkRecord): Record<string, EndpointResource> {
  return Object.fromEntries(endpointsOfNetwork(ctx.store, network.Id).map((endpoint) => [endpoint.containerId, {
    Name: sandboxOf(ctx.store, endpoint.containerId)?.name ?? "",
    EndpointID: endpoint.id,
    MacAddress: endpoint.mac,
    IPv4Address: endpoint.ipv4,
    IPv6Address: endpoint.ipv6,
  }]));
}

function subnetsOf(ctx: NetworkContext, network: NetworkRecord): Record<string, SubnetStatus> {
  const used = usedAddresses(ctx.store, network.Id);
  return Object.fromEntries(network.IPAM.Config.flatMap((config) => {
    const subnet = parseCidr(config.Subnet ?? "");
    if (!subnet) return [];
    const range = parseCidr(config.IPRange ?? "") ?? subnet;
    const family = subnet.ip.family;
    // Ends of the subnet, gateway and auxiliary addresses are nobody's.
    const reserved = (family === 4 ? 2 : 1) + 1 + Object.keys(config.AuxiliaryAddresses ?? {}).length;
    const taken = [...used].filter((address) => address.includes(":") === (family === 6)).length;
    const size = lastIp(range).value - firstIp(range).value + 1n;
    const free = size - BigInt(range === subnet ? reserved + taken : taken);
    const bounded = (value: bigint) => Number(value > 2n ** 53n - 1n ? 2n ** 53n - 1n : value < 0n ? 0n : value);
    return [[config.Subnet ?? "", { IPsInUse: reserved + taken, DynamicIPsAvailable: bounded(free) }]];
  }));
}
