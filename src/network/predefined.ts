import type { IPAMConfig } from "../api/types/network.ts";
import { newId } from "../lib/ids.ts";
import { formatCidr, formatIp, networkOf, parseCidr, parseIp, type Cidr } from "../lib/ip.ts";
import { findLink } from "../linux/netlink/find-link.ts";
import { listAddresses, parseAddress } from "../linux/netlink/address.ts";
import { invalid } from "../lib/errors.ts";
import type { BridgeConfig, NetworkContext } from "./context.ts";
import { configOf, defaultGateway, pickSubnet, requireCidr, uniqueLocalPool } from "./ipam.ts";
import { bridgeOption } from "./options.ts";
import type { NetworkRecord } from "./record.ts";
import { allNetworks, networkByName } from "./table.ts";
import { hostSubnets, networkSubnets } from "./taken-subnets.ts";

/** Records of the networks that always exist, as they should be now. Ids and chosen subnets stay from boot to boot. */

export function emptyNetwork(name: string, driver: string): NetworkRecord {
  return {
    Name: name,
    Id: newId(),
    Created: new Date().toISOString(),
    Scope: "local",
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Options: {},
    Labels: {},
  };
}

export function hostOrNone(ctx: NetworkContext, name: "host" | "none"): NetworkRecord {
  return networkByName(ctx.store, name) ?? emptyNetwork(name, name === "host" ? "host" : "null");
}

export function defaultBridge(ctx: NetworkContext, config: BridgeConfig): NetworkRecord {
  const before = networkByName(ctx.store, "bridge");
  const network = before ?? emptyNetwork("bridge", "bridge");
  return {
    ...network,
    EnableIPv6: config.ipv6,
    IPAM: { Driver: "default", Options: null, Config: [ipv4Config(ctx, config, before), ...(config.ipv6 ? [ipv6Config(ctx, config)] : [])] },
    Options: {
      [bridgeOption.defaultBridge]: "true",
      [bridgeOption.icc]: String(config.icc),
      [bridgeOption.masquerade]: String(config.masquerade),
      [bridgeOption.hostBinding4]: ctx.publishAddress || "0.0.0.0",
      [bridgeOption.name]: config.name,
      [bridgeOption.mtu]: String(config.mtu || 1500),
    },
  };
}

function ipv4Config(ctx: NetworkContext, config: BridgeConfig, before: NetworkRecord | null): IPAMConfig {
  const own = config.cidr !== "" ? requireBip(config.cidr) : addressOfExisting(ctx, config.name) ?? addressBefore(before) ?? freshAddress(ctx);
  return {
    Subnet: formatCidr(networkOf(own)),
    ...(config.fixedCidr !== "" && { IPRange: formatCidr(networkOf(requireCidr(config.fixedCidr))) }),
    Gateway: formatIp(own.ip),
    ...(config.defaultGateway !== "" && { AuxiliaryAddresses: { DefaultGatewayIPv4: config.defaultGateway } }),
  };
}

function requireBip(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr || cidr.ip.family !== 4) throw invalid(`invalid bridge address (--bip): ${text}`);
  return cidr;
}

/** A bridge that somebody made before us keeps its address. */
function addressOfExisting(ctx: NetworkContext, name: string): Cidr | null {
  const link = findLink(ctx.live.route, name);
  if (!link) return null;
  const addresses = ctx.live.route.dump(listAddresses(), "list addresses").flatMap((answer) => parseAddress(answer) ?? []);
  return addresses.find(({ index, cidr }) => index === link.index && cidr.ip.family === 4)?.cidr ?? null;
}

function addressBefore(before: NetworkRecord | null): Cidr | null {
  const config = before && configOf(before.IPAM.Config, 4);
  const subnet = parseCidr(config?.Subnet ?? "");
  const ip = parseIp(config?.Gateway ?? "");
  return subnet && ip ? { ip, prefix: subnet.prefix } : null;
}

function freshAddress(ctx: NetworkContext): Cidr {
  const subnet = pickSubnet(ctx.addressPools, [...networkSubnets(ctx), ...hostSubnets(ctx)], 4);
  return { ip: defaultGateway(subnet, null, []), prefix: subnet.prefix };
}

function ipv6Config(ctx: NetworkContext, config: BridgeConfig): IPAMConfig {
  const others = allNetworks(ctx.store).filter(({ Name }) => Name !== "bridge").flatMap(({ IPAM }) => IPAM.Config.flatMap(({ Subnet }) => parseCidr(Subnet ?? "") ?? []));
  const subnet = config.fixedCidrV6 !== "" ? requireCidr(config.fixedCidrV6) : pickSubnet([uniqueLocalPool(ctx.instance)], others, 6);
  return {
    Subnet: formatCidr(networkOf(subnet)),
    Gateway: formatIp(defaultGateway(networkOf(subnet), null, [])),
    ...(config.defaultGatewayV6 !== "" && { AuxiliaryAddresses: { DefaultGatewayIPv6: config.defaultGatewayV6 } }),
  };
}
