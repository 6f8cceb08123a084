import type { IPAMConfig } from "../../api/types/network.ts";
import { forbidden, invalid } from "../../lib/errors.ts";
import {
  type Cidr,
  firstIp,
  formatCidr,
  formatIp,
  type Ip,
  type IpFamily,
  ipBits,
  isUnspecified,
  lastIp,
  overlaps,
  parseCidr,
  parseIp,
  sameIp,
} from "../../lib/ip.ts";

/** Address management: pure functions that choose subnets and addresses from what is free. */

/** Subnets of `size` prefix bits cut from `base`. */
export interface AddressPool {
  base: string;
  size: number;
}

/**
 * Where the subnet comes from for a network whose request names none. Docker cuts the same private ranges into pieces
 * of /16 and runs out after some thirty networks; /22 (a thousand containers each) leaves room for a thousand.
 */
export const defaultAddressPools: AddressPool[] = [
  { base: "172.17.0.0/16", size: 16 },
  { base: "172.18.0.0/15", size: 22 },
  { base: "172.20.0.0/14", size: 22 },
  { base: "172.24.0.0/13", size: 22 },
  { base: "192.168.0.0/16", size: 24 },
];

/** The same for networks that reach beyond this machine, as Docker has it. */
export const globalAddressPools: AddressPool[] = [{ base: "10.0.0.0/8", size: 24 }];

/** The instance's own unique local prefix (RFC 4193), cut into /64. */
export function uniqueLocalPool(instance: string): AddressPool {
  const hex = instance.padEnd(10, "0").slice(0, 10);
  return { base: `fd${hex.slice(0, 2)}:${hex.slice(2, 6)}:${hex.slice(6, 10)}::/48`, size: 64 };
}

/** A pool's text as a prefix. Throws `invalid`. */
export function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw invalid(`invalid subnet ${text}: invalid CIDR address: ${text}`);
  return cidr;
}

/** The first subnet of the pools that overlaps nothing in `taken`. Throws `invalid` where all are taken. */
export function pickSubnet(pools: readonly AddressPool[], taken: readonly Cidr[], family: IpFamily): Cidr {
  for (const { base, size } of pools) {
    const range = requireCidr(base);
    if (range.ip.family !== family || size < range.prefix) continue;
    const step = 1n << BigInt(ipBits(family) - size);
    const last = lastIp(range).value;
    for (let value = firstIp(range).value; value <= last; ) {
      const candidate: Cidr = { ip: { family, value }, prefix: size };
      const inTheWay = taken.find((other) => overlaps(other, candidate));
      if (!inTheWay) return candidate;
      // Past the whole of what is in the way, not just one step.
      const after = lastIp(inTheWay).value + 1n;
      value = after > value + step ? after + ((step - (after % step)) % step) : value + step;
    }
  }
  throw invalid("all predefined address pools have been fully subnetted");
}

/** Throws `forbidden`, with Docker's text, where a requested subnet overlaps that of another network. */
export function requireFree(subnet: Cidr, taken: readonly Cidr[]): void {
  if (taken.some((other) => overlaps(other, subnet))) {
    throw forbidden("invalid pool request: Pool overlaps with other one on this address space");
  }
}

/** The entry of an IPAM configuration whose subnet is of the family; null where the network has none. */
export function configOf(configs: readonly IPAMConfig[], family: IpFamily): IPAMConfig | null {
  return configs.find((config) => parseCidr(config.Subnet ?? "")?.ip.family === family) ?? null;
}

/** Addresses that no container gets: the first and last of the subnet, the gateway and auxiliary addresses. */
function isReserved(config: IPAMConfig, subnet: Cidr, ip: Ip): boolean {
  const bits = ipBits(ip.family);
  if (subnet.prefix < bits - 1 && sameIp(ip, firstIp(subnet))) return true;
  if (ip.family === 4 && subnet.prefix < 31 && sameIp(ip, lastIp(subnet))) return true;
  return [config.Gateway ?? "", ...Object.values(config.AuxiliaryAddresses ?? {})].some((text) => {
    const reserved = parseIp(text.split("/")[0] ?? "");
    return reserved !== null && sameIp(reserved, ip);
  });
}

/** The lowest free address of the configuration's range, with the subnet's prefix length; null: all are taken. */
export function pickAddress(config: IPAMConfig, used: ReadonlySet<string>): Cidr | null {
  return freeAddresses(config, used).next().value ?? null;
}

/** The free addresses of the configuration's range, from the lowest, each looked for when it is asked for. */
export function* freeAddresses(config: IPAMConfig, used: ReadonlySet<string>): Generator<Cidr, undefined> {
  const subnet = requireCidr(config.Subnet ?? "");
  const range = config.IPRange ? requireCidr(config.IPRange) : subnet;
  const last = lastIp(range).value;
  for (let value = firstIp(range).value; value <= last; value++) {
    const ip: Ip = { family: subnet.ip.family, value };
    if (!isReserved(config, subnet, ip) && !used.has(formatIp(ip))) yield { ip, prefix: subnet.prefix };
  }
}

/** The requested address with the subnet's prefix length. Throws `forbidden` where it is taken or reserved. */
export function takeAddress(config: IPAMConfig, used: ReadonlySet<string>, wanted: Ip): Cidr {
  const subnet = requireCidr(config.Subnet ?? "");
  if (used.has(formatIp(wanted)) || isReserved(config, subnet, wanted)) throw forbidden("Address already in use");
  return { ip: wanted, prefix: subnet.prefix };
}

/**
 * First usable address of the range or subnet: the gateway's, where the request names none. Throws `invalid` where none
 * is free.
 */
export function defaultGateway(subnet: Cidr, range: Cidr | null, reserved: readonly string[]): Ip {
  const within = range ?? subnet;
  const last = lastIp(within).value;
  for (let value = firstIp(within).value; value <= last; value++) {
    const ip: Ip = { family: subnet.ip.family, value };
    if (subnet.prefix < ipBits(ip.family) - 1 && sameIp(ip, firstIp(subnet))) continue;
    if (!isUnspecified(ip) && !reserved.includes(formatIp(ip))) return ip;
  }
  throw invalid(`failed to allocate gateway (): no available addresses in ${formatCidr(subnet)}`);
}
