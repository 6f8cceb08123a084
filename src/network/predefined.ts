import type { IPAMConfig } from "../api/types/network.ts";
import { invalid } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { type Cidr, formatCidr, formatIp, networkOf, parseCidr, parseIp } from "../lib/ip.ts";
import { timeNow } from "../linux/clock.ts";
import { listAddresses, parseAddress } from "../linux/netlink/address.ts";
import { findLink } from "../linux/netlink/find-link.ts";
import { configOf, defaultGateway, pickSubnet, requireCidr, uniqueLocalPool } from "./address/ipam.ts";
import { defaultIpamDriver } from "./address/ipam-driver.ts";
import { hostSubnets, networkSubnets } from "./address/taken-subnets.ts";
import type { BridgeConfig, NetworkDeps } from "./deps.ts";
import { defaultDriver, type NetworkDrivers } from "./driver/driver.ts";
import { bridgeOption } from "./options.ts";
import type { NetworkRecord } from "./record.ts";
import { allNetworks, networkByName } from "./table.ts";

/**
 * Records of the networks that always exist, as the configuration wants them. Their ids and the subnets chosen for them
 * stay the same from boot to boot.
 */

/** A new record, not saved: new id, created now, IPv4 only, no subnets, no options, no labels. */
export function emptyNetwork(name: string, driver: string): NetworkRecord {
  return {
    Name: name,
    Id: newId(),
    Created: timeNow(),
    Scope: "local",
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: defaultIpamDriver, Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Options: {},
    Labels: {},
  };
}

/**
 * The networks of drivers that have one each (`host` and `none`): the saved records, or new ones that are not saved
 * yet.
 */
export function onlyNetworks({ store, drivers }: NetworkDeps): NetworkRecord[] {
  return [...drivers.builtin.values()].flatMap(({ name, onlyNetwork }) =>
    onlyNetwork === null ? [] : (networkByName(store, onlyNetwork) ?? emptyNetwork(onlyNetwork, name)),
  );
}

/** Whether the name is one of the networks that always exist and that users can neither create nor remove. */
export function isPredefined({ drivers }: { drivers: NetworkDrivers }, name: string): boolean {
  return name === "bridge" || [...drivers.builtin.values()].some(({ onlyNetwork }) => onlyNetwork === name);
}

/**
 * The record of the default network `bridge` as the daemon's settings want it now, not saved. Id and creation time of
 * an earlier record stay.
 */
export function defaultBridge(deps: NetworkDeps, config: BridgeConfig): NetworkRecord {
  const before = networkByName(deps.store, "bridge");
  const network = before ?? emptyNetwork("bridge", defaultDriver);
  return {
    ...network,
    EnableIPv6: config.ipv6,
    IPAM: {
      Driver: defaultIpamDriver,
      Options: null,
      Config: [ipv4Config(deps, config, before), ...(config.ipv6 ? [ipv6Config(deps, config)] : [])],
    },
    Options: {
      [bridgeOption.defaultBridge]: "true",
      [bridgeOption.icc]: String(config.icc),
      [bridgeOption.masquerade]: String(config.masquerade),
      [bridgeOption.hostBinding4]: deps.publishAddress || "0.0.0.0",
      [bridgeOption.name]: config.name,
      [bridgeOption.mtu]: String(config.mtu || 1500),
    },
  };
}

function ipv4Config(deps: NetworkDeps, config: BridgeConfig, before: NetworkRecord | null): IPAMConfig {
  const own =
    config.cidr !== ""
      ? requireBip(config.cidr, 4)
      : (addressOfExisting(deps, config.name) ?? addressBefore(before) ?? freshAddress(deps));
  return {
    Subnet: formatCidr(networkOf(own)),
    ...(config.fixedCidr !== "" && { IPRange: formatCidr(networkOf(requireCidr(config.fixedCidr))) }),
    Gateway: formatIp(own.ip),
    ...(config.defaultGateway !== "" && { AuxiliaryAddresses: { DefaultGatewayIPv4: config.defaultGateway } }),
  };
}

function requireBip(text: string, family: 4 | 6): Cidr {
  const cidr = parseCidr(text);
  const flag = family === 6 ? "--bip6" : "--bip";
  if (!cidr || cidr.ip.family !== family) throw invalid(`invalid bridge address (${flag}): ${text}`);
  return cidr;
}

/** A bridge that existed before keeps its address. */
function addressOfExisting(deps: NetworkDeps, name: string): Cidr | null {
  const link = findLink(deps.live.route, name);
  if (!link) return null;
  const addresses = deps.live.route
    .dump(listAddresses(), "list addresses")
    .flatMap((answer) => parseAddress(answer) ?? []);
  return addresses.find(({ index, cidr }) => index === link.index && cidr.ip.family === 4)?.cidr ?? null;
}

function addressBefore(before: NetworkRecord | null): Cidr | null {
  const config = before && configOf(before.IPAM.Config, 4);
  const subnet = parseCidr(config?.Subnet ?? "");
  const ip = parseIp(config?.Gateway ?? "");
  return subnet && ip ? { ip, prefix: subnet.prefix } : null;
}

function freshAddress(deps: NetworkDeps): Cidr {
  const subnet = pickSubnet(deps.addressPools, [...networkSubnets(deps), ...hostSubnets(deps)], 4);
  return { ip: defaultGateway(subnet, null, []), prefix: subnet.prefix };
}

function ipv6Config(deps: NetworkDeps, config: BridgeConfig): IPAMConfig {
  const own = config.cidrV6 !== "" ? requireBip(config.cidrV6, 6) : null;
  const subnet = own ?? (config.fixedCidrV6 !== "" ? requireCidr(config.fixedCidrV6) : freshSubnet6(deps));
  return {
    Subnet: formatCidr(networkOf(subnet)),
    ...(own && config.fixedCidrV6 !== "" && { IPRange: formatCidr(networkOf(requireCidr(config.fixedCidrV6))) }),
    Gateway: formatIp(own?.ip ?? defaultGateway(networkOf(subnet), null, [])),
    ...(config.defaultGatewayV6 !== "" && { AuxiliaryAddresses: { DefaultGatewayIPv6: config.defaultGatewayV6 } }),
  };
}

function freshSubnet6(deps: NetworkDeps): Cidr {
  const others = allNetworks(deps.store).filter(({ Name, ConfigOnly }) => Name !== "bridge" && !ConfigOnly);
  const taken = others.flatMap(({ IPAM }) => IPAM.Config.flatMap(({ Subnet }) => parseCidr(Subnet ?? "") ?? []));
  return pickSubnet([uniqueLocalPool(deps.instance)], taken, 6);
}
