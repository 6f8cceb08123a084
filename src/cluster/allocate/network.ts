import type { IPAMConfig } from "../../api/types/network.ts";
import { invalid } from "../../lib/errors.ts";
import { type Cidr, parseCidr } from "../../lib/ip.ts";
import { type AddressPool, globalAddressPools, uniqueLocalPool } from "../../network/address/ipam.ts";
import { completeConfig, type IpamChoice } from "../../network/address/ipam-config.ts";
import type { NetworkObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import type { Draft } from "../store/store.ts";

/** The VXLAN identifier of the first network: what is below is left to others. */
const firstVni = 4096;
const lastVni = 0xff_ff_ff;

/**
 * Subnets with gateways for a network of the cluster: those asked for, and one of the cluster's pools for a family of
 * which none is. Throws `invalid` where the pools are used up, `forbidden` where a subnet overlaps another network's:
 * Docker takes such a network, which then never works.
 */
export function allocateSubnets(
  state: ClusterState,
  asked: readonly IPAMConfig[],
  { EnableIPv4, EnableIPv6 }: Pick<NetworkObject, "EnableIPv4" | "EnableIPv6">,
): IPAMConfig[] {
  const [cluster] = state.all("cluster");
  const size = cluster?.SubnetSize ?? 24;
  const pools: AddressPool[] =
    cluster && cluster.DefaultAddrPool.length > 0
      ? cluster.DefaultAddrPool.map((base) => ({ base, size }))
      : globalAddressPools.map(({ base }) => ({ base, size }));
  const taken = [...state.all("network")].flatMap(({ IPAM }) => (IPAM.Config ?? []).flatMap(subnetOf));
  // Two clusters' addresses need not differ: 40 bits of the cluster's id make it likely that they do.
  const choice: IpamChoice = { pools, taken, avoid: [] };
  const local: IpamChoice = { ...choice, pools: [uniqueLocalPool(hexOf(cluster?.ID ?? ""))] };
  return [...(EnableIPv4 ? familyOf(asked, 4, choice) : []), ...(EnableIPv6 ? familyOf(asked, 6, local) : [])];
}

/** An overlay may have several subnets of a family; each is completed by itself, the earlier ones count as taken. */
function familyOf(asked: readonly IPAMConfig[], family: 4 | 6, choice: IpamChoice): IPAMConfig[] {
  const wanted = asked.filter(({ Subnet }) => parseCidr(Subnet ?? "")?.ip.family === family);
  const taken = [...choice.taken];
  return (wanted.length > 0 ? wanted.map((each) => [each]) : [[]]).map((configs) => {
    const config = completeConfig(configs, family, { ...choice, taken });
    taken.push(...subnetOf(config));
    return config;
  });
}

const subnetOf = ({ Subnet }: IPAMConfig): Cidr[] => {
  const subnet = parseCidr(Subnet ?? "");
  return subnet ? [subnet] : [];
};

const hexOf = (id: string): string => Buffer.from(id).toString("hex").slice(-10);

/** As many VXLAN identifiers as there are subnets; none is ever given twice. */
export function allocateVnis(allocation: Draft<"allocation">, count: number): number[] {
  const first = Math.max(allocation.LastVNI + 1, firstVni);
  if (first + count > lastVni) throw invalid("all VXLAN identifiers have been used");
  allocation.LastVNI = first + count - 1;
  return Array.from({ length: count }, (_, i) => first + i);
}
