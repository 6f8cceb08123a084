import type { EndpointResource, IPAMConfig, Network, NetworkInspect, SubnetStatus } from "../api/types/network.ts";
import { notFound } from "../lib/errors.ts";
import { firstIp, lastIp, parseCidr } from "../lib/ip.ts";
import type { NetworkDeps } from "./deps.ts";
import type { NetworkRecord } from "./record.ts";
import { resolveNetwork } from "./resolve.ts";
import { endpointsOfNetwork, sandboxOf, usedAddresses } from "./table.ts";

/**
 * `GET /networks/{id}`: the network with the running containers on it. `others`: a cluster's, those that are not on
 * this machine as well.
 */
export function inspectNetwork(
  deps: NetworkDeps,
  ref: string,
  { scope, others = [] }: { scope?: string; others?: readonly NetworkRecord[] } = {},
): NetworkInspect {
  const network = resolveNetwork(deps, ref, others);
  if (scope && scope !== network.Scope) throw notFound(`network ${ref} not found`);
  const { Options, Labels, ...rest } = describeNetwork(network);
  return {
    ...rest,
    Containers: containersOf(deps, network),
    Options,
    Labels,
    Status: { IPAM: { Subnets: subnetsOf(deps, network) } },
  };
}

/**
 * The record's own shape, with subnets as the request named them, then those that the engine chose; null: no subnets at
 * all.
 */
export function describeNetwork({ asked = [], pools: _, ...network }: NetworkRecord): Required<Omit<Network, "Peers">> {
  const familyOf = ({ Subnet }: IPAMConfig): number => parseCidr(Subnet ?? "")?.ip.family ?? 0;
  const chosen = network.IPAM.Config.filter((config) => !asked.some((one) => familyOf(one) === familyOf(config)));
  const Config = [...asked.toSorted((a, b) => familyOf(a) - familyOf(b)), ...chosen];
  return { ...network, IPAM: { ...network.IPAM, Config: Config.length > 0 ? Config : null } };
}

function containersOf(deps: NetworkDeps, network: NetworkRecord): Record<string, EndpointResource> {
  return Object.fromEntries(
    endpointsOfNetwork(deps.store, network.Id).map((endpoint) => [
      endpoint.containerId,
      {
        Name: sandboxOf(deps.store, endpoint.containerId)?.name ?? "",
        EndpointID: endpoint.id,
        MacAddress: endpoint.mac,
        IPv4Address: endpoint.ipv4,
        IPv6Address: endpoint.ipv6,
      },
    ]),
  );
}

function subnetsOf(deps: NetworkDeps, network: NetworkRecord): Record<string, SubnetStatus> {
  const used = usedAddresses(deps.store, network.Id);
  return Object.fromEntries(
    network.IPAM.Config.flatMap((config) => {
      const subnet = parseCidr(config.Subnet ?? "");
      if (!subnet) return [];
      const range = parseCidr(config.IPRange ?? "") ?? subnet;
      const family = subnet.ip.family;
      // The ends of the subnet, the gateway and auxiliary addresses are given to no container.
      const reserved =
        (family === 4 ? 2 : 1) + (config.Gateway ? 1 : 0) + Object.keys(config.AuxiliaryAddresses ?? {}).length;
      const taken = [...used].filter((address) => address.includes(":") === (family === 6)).length;
      const size = lastIp(range).value - firstIp(range).value + 1n;
      const free = size - BigInt(range === subnet ? reserved + taken : taken);
      const bounded = (value: bigint) => Number(value > 2n ** 53n - 1n ? 2n ** 53n - 1n : value < 0n ? 0n : value);
      return [[config.Subnet ?? "", { IPsInUse: reserved + taken, DynamicIPsAvailable: bounded(free) }]];
    }),
  );
}
