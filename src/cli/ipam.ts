import type { IPAMConfig } from "../api/types/network.ts";
import { containsIp, parseCidr, parseIp } from "../lib/ip.ts";
import { setOwn } from "../lib/own.ts";
import { CliError } from "./errors.ts";

interface IpamFlags {
  subnets: readonly string[];
  ranges: readonly string[];
  gateways: readonly string[];
  auxiliary: Readonly<Record<string, string>>;
}

/**
 * Pairs ranges, gateways and auxiliary addresses with the subnets they lie in; throws Docker's texts where that fails.
 */
export function ipamConfig({ subnets, ranges, gateways, auxiliary }: IpamFlags): IPAMConfig[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new CliError("every ip-range or gateway must have a corresponding subnet");
  }
  const configs = new Map<string, IPAMConfig & { AuxiliaryAddresses: Record<string, string> }>();
  for (const subnet of subnets) {
    for (const other of configs.keys()) {
      if (contains(subnet, other) || contains(other, subnet))
        throw new CliError("multiple overlapping subnet configuration is not supported");
    }
    configs.set(subnet, { Subnet: subnet, AuxiliaryAddresses: {} });
  }
  const within = (data: string, what: string) => {
    const found = [...configs].filter(([subnet]) => contains(subnet, data)).map(([, config]) => config);
    if (found.length === 0) throw new CliError(`no matching subnet for ${what} ${data}`);
    return found;
  };
  for (const range of ranges) {
    cidr(range, "");
    for (const config of within(range, "range")) {
      if (config.IPRange)
        throw new CliError(
          `cannot configure multiple ranges (${range}, ${config.IPRange}) on the same subnet (${config.Subnet ?? ""})`,
        );
      config.IPRange = range;
    }
  }
  for (const gateway of gateways) {
    for (const config of within(gateway, "gateway")) {
      if (config.Gateway)
        throw new CliError(
          `cannot configure multiple gateways (${gateway}, ${config.Gateway}) for the same subnet ` +
            `(${config.Subnet ?? ""})`,
        );
      config.Gateway = gateway;
    }
  }
  for (const [name, address] of Object.entries(auxiliary)) {
    for (const config of within(address, "aux-address")) setOwn(config.AuxiliaryAddresses, name, address);
  }
  return [...configs.values()];
}

function cidr(text: string, before: string) {
  const parsed = parseCidr(text);
  if (!parsed) throw new CliError(`${before}invalid CIDR address: ${text}`);
  return parsed;
}

/** Whether an address, or the address of a prefix, lies in the subnet. */
function contains(subnet: string, data: string): boolean {
  const address = data.includes("/") ? cidr(data, "").ip : parseIp(data);
  return address !== null && containsIp(cidr(subnet, "invalid subnet: "), address);
}
