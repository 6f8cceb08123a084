import type { IPAM, IPAMConfig } from "../../api/types/network.ts";
import { forbidden, invalid } from "../../lib/errors.ts";
import {
  type Cidr,
  containsIp,
  formatCidr,
  formatIp,
  type IpFamily,
  networkOf,
  parseCidr,
  parseIp,
} from "../../lib/ip.ts";
import { type AddressPool, defaultGateway, pickSubnet, requireFree } from "./ipam.ts";

/** The `IPAM` of a network to be: checked as Docker checks it, then completed. Pure. */

/** Throws all that is wrong at once. */
export function validateIpam(ipam: IPAM | null | undefined): void {
  const errors = (ipam?.Config ?? []).flatMap(configErrors);
  if (errors.length > 0) throw invalid(`invalid network config:\n${errors.join("\n")}`);
}

function configErrors({ Subnet, IPRange, Gateway, AuxiliaryAddresses }: IPAMConfig): string[] {
  const subnet = parseCidr(Subnet ?? "");
  if (!subnet) return [`invalid subnet ${Subnet ?? ""}: invalid CIDR block notation`];
  const errors: string[] = [];
  const masked = formatCidr(networkOf(subnet));
  if (formatCidr(subnet) !== masked) errors.push(`invalid subnet ${Subnet}: it should be ${masked}`);
  if (IPRange) errors.push(...rangeErrors(IPRange, subnet, Subnet ?? ""));
  const addresses: [string, string][] = [
    ...(Gateway ? [["gateway", Gateway] as [string, string]] : []),
    ...Object.entries(AuxiliaryAddresses ?? {}).map(([name, address]): [string, string] => [
      `auxiliary address ${name}`,
      address,
    ]),
  ];
  for (const [what, text] of addresses) {
    const wrong = addressError(text, subnet, Subnet ?? "");
    if (wrong) errors.push(`invalid ${what === "gateway" ? `gateway ${text}` : what}: ${wrong}`);
  }
  return errors;
}

function rangeErrors(text: string, subnet: Cidr, subnetText: string): string[] {
  const range = parseCidr(text);
  if (!range) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  if (range.ip.family !== subnet.ip.family)
    return [`invalid ip-range ${text}: parent subnet is an IPv${subnet.ip.family} block`];
  const errors: string[] = [];
  const masked = formatCidr(networkOf(range));
  if (range.prefix < subnet.prefix)
    errors.push(`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${subnetText}`);
  if (formatCidr(range) !== masked) errors.push(`invalid ip-range ${text}: it should be ${masked}`);
  if (!containsIp(subnet, range.ip))
    errors.push(`invalid ip-range ${text}: parent subnet ${subnetText} doesn't contain ip-range`);
  return errors;
}

function addressError(text: string, subnet: Cidr, subnetText: string): string | null {
  const ip = parseIp(text);
  if (!ip) return "invalid address";
  if (ip.family !== subnet.ip.family) return `parent subnet is an IPv${subnet.ip.family} block`;
  return containsIp(subnet, ip) ? null : `parent subnet ${subnetText} doesn't contain this address`;
}

/** What a network's subnets and gateways may be chosen from. */
export interface IpamChoice {
  pools: readonly AddressPool[];
  /** Subnets of this engine's networks: no other network may get them. */
  taken: readonly Cidr[];
  /** Subnets that the machine uses: never chosen by the engine, but accepted when a request names them. */
  avoid: readonly Cidr[];
  /**
   * The network has no way out: no gateway is chosen, and its address stays free for a container, unless the request
   * names one.
   */
  withoutGateway?: boolean;
}

/**
 * One configuration for the family, with a subnet and, unless it has no way out, a gateway. Throws where the request
 * asks for what is taken or impossible.
 */
export function completeConfig(
  configs: readonly IPAMConfig[],
  family: IpFamily,
  { pools, taken, avoid, withoutGateway = false }: IpamChoice,
): IPAMConfig {
  const asked = configs.filter((config) => parseCidr(config.Subnet ?? "")?.ip.family === family);
  if (asked.length > 1) throw forbidden("bridge driver doesn't support multiple subnets");
  const [config] = asked;
  const own = parseCidr(config?.Subnet ?? "");
  if (own) requireFree(own, taken);
  const subnet = own ?? pickSubnet(pools, [...taken, ...avoid], family);
  const auxiliary = config?.AuxiliaryAddresses ?? null;
  const range = parseCidr(config?.IPRange ?? "");
  const free = () => formatIp(defaultGateway(subnet, range, Object.values(auxiliary ?? {})));
  const gateway = config?.Gateway || (withoutGateway ? "" : free());
  return {
    Subnet: formatCidr(networkOf(subnet)),
    ...(config?.IPRange && { IPRange: config.IPRange }),
    ...(gateway && { Gateway: gateway }),
    ...(auxiliary && { AuxiliaryAddresses: auxiliary }),
  };
}
