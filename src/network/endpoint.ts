import type { EndpointSettings } from "../api/types/network.ts";
import { invalid, notFound, unavailable } from "../lib/errors.ts";
import { containsIp, formatCidr, ipBytes, parseCidr, parseIp, type IpFamily } from "../lib/ip.ts";
import { newId, shortId } from "../lib/ids.ts";
import { formatMac, parseMac } from "../linux/netlink/link.ts";
import type { NetworkContext } from "./context.ts";
import { driverOf } from "./driver/driver.ts";
import { configOf, pickAddress, takeAddress } from "./ipam.ts";
import { isUserDefined } from "./options.ts";
import type { EndpointRecord, NetworkRecord } from "./record.ts";
import { addressOf, insertEndpoint, networkById, usedAddresses } from "./table.ts";

export interface EndpointOwner {
  containerId: string;
  name: string;
  hostname: string;
}

/** Throws, in Docker's words, what of the settings the network cannot give. For running and stopped containers alike. */
export function validateEndpoint(network: NetworkRecord, settings: EndpointSettings): void {
  const { IPv4Address, IPv6Address } = settings.IPAMConfig ?? {};
  const errors: string[] = [];
  if (!isUserDefined(network)) {
    if (IPv4Address || IPv6Address) errors.push("user-specified IP address is supported on user-defined networks only");
    if ((settings.Aliases ?? []).length > 0) errors.push("network-scoped aliases are only supported for user-defined networks");
  }
  errors.push(...addressErrors(network, IPv4Address, 4), ...addressErrors(network, IPv6Address, 6));
  if (errors.length > 0) throw invalid(`invalid endpoint settings:\n${errors.join("\n")}`);
  for (const ip of settings.IPAMConfig?.LinkLocalIPs ?? []) if (!parseIp(ip)) throw invalid(`invalid link-local IP address: ${ip}`);
  if (settings.MacAddress && !parseMac(settings.MacAddress)) throw invalid(`invalid MAC address: ${settings.MacAddress}`);
}

function addressErrors(network: NetworkRecord, text: string | null | undefined, family: IpFamily): string[] {
  if (!text) return [];
  const ip = parseIp(text);
  if (!ip || ip.family !== family) return [`invalid IPv${family} address: ${text}`];
  const subnet = parseCidr(configOf(network.IPAM.Config, family)?.Subnet ?? "");
  return subnet && containsIp(subnet, ip) ? [] : [`no configured subnet or ip-range contain the IP address ${text}`];
}

/**
 * Gives a container a place on a network: identity, addresses, names; nothing but rows. Must run in a transaction
 * with whatever else depends on it.
 */
export function allocateEndpoint(ctx: NetworkContext, network: NetworkRecord, owner: EndpointOwner, settings: EndpointSettings, taken: readonly string[]): EndpointRecord {
  validateEndpoint(network, settings);
  // Looked up a while ago: it may have been removed since.
  if (!networkById(ctx.store, network.Id)) throw notFound(`network ${network.Name} not found`);
  const driver = driverOf(network);
  const used = driver ? usedAddresses(ctx.store, network.Id) : new Set<string>();
  const ipv4 = driver && network.EnableIPv4 ? allocate(network, 4, used, settings.IPAMConfig?.IPv4Address) : "";
  const ipv6 = driver && network.EnableIPv6 ? allocate(network, 6, used, settings.IPAMConfig?.IPv6Address) : "";
  const id = newId();
  const endpoint: EndpointRecord = {
    id,
    networkId: network.Id,
    containerId: owner.containerId,
    interfaceName: driver ? interfaceName(driver.interfacePrefix(network), settings, taken) : "",
    mac: driver && network.Driver !== "ipvlan" ? macAddress(settings, id, ipv4) : "",
    ipv4,
    ipv6,
    settings,
    names: isUserDefined(network) ? dnsNames(owner, settings) : [],
  };
  insertEndpoint(ctx.store, endpoint);
  return endpoint;
}

function allocate(network: NetworkRecord, family: IpFamily, used: ReadonlySet<string>, wanted: string | null | undefined): string {
  const config = configOf(network.IPAM.Config, family);
  if (!config) return "";
  const ip = parseIp(wanted ?? "");
  const address = ip ? takeAddress(config, used, ip) : pickAddress(config, used);
  if (!address) throw unavailable(`no available IPv${family} addresses on this network's address pools: ${network.Name} (${network.Id})`);
  return formatCidr(address);
}

/** Follows the address, so that neighbours who remember an address' last owner are right about the next one too. */
function macAddress(settings: EndpointSettings, endpointId: string, ipv4: string): string {
  const wanted = parseMac(settings.MacAddress ?? "");
  if (wanted) return formatMac(wanted);
  const ip = parseCidr(ipv4)?.ip;
  return formatMac(Uint8Array.of(0x02, 0x42, ...(ip ? ipBytes(ip) : Buffer.from(endpointId.slice(0, 8), "hex"))));
}

function interfaceName(prefix: string, settings: EndpointSettings, taken: readonly string[]): string {
  const wanted = settings.DriverOpts?.["com.docker.network.endpoint.ifname"];
  if (wanted) {
    if (!/^[^\s/:]{1,15}$/.test(wanted) || wanted === "lo") throw invalid(`invalid interface name: ${wanted}`);
    if (taken.includes(wanted)) throw invalid(`interface name ${wanted} is already in use`);
    return wanted;
  }
  for (let number = 0; ; number++) if (!taken.includes(`${prefix}${number}`)) return `${prefix}${number}`;
}

export function dnsNames({ containerId, name, hostname }: EndpointOwner, settings: EndpointSettings): string[] {
  return [...new Set([name, ...(settings.Aliases ?? []), shortId(containerId), hostname].filter((one) => one !== ""))];
}

/** The endpoint in Docker's wire shape. */
export function describeEndpoint(network: NetworkRecord, endpoint: EndpointRecord): EndpointSettings {
  const driver = driverOf(network);
  const { v4, v6 } = driver?.gateways(network) ?? { v4: null, v6: null };
  const prefixOf = (cidr: string) => parseCidr(cidr)?.prefix ?? 0;
  const gateway = (ip: typeof v4, cidr: string) => (ip && ip !== "direct" && cidr ? addressOf(formatCidr({ ip, prefix: 0 })) : "");
  return {
    IPAMConfig: endpoint.settings.IPAMConfig ?? null,
    Links: endpoint.settings.Links ?? null,
    Aliases: endpoint.settings.Aliases ?? null,
    MacAddress: endpoint.mac,
    DriverOpts: endpoint.settings.DriverOpts ?? null,
    GwPriority: endpoint.settings.GwPriority ?? 0,
    NetworkID: network.Id,
    EndpointID: endpoint.id,
    Gateway: gateway(v4, endpoint.ipv4),
    IPAddress: addressOf(endpoint.ipv4),
    IPPrefixLen: prefixOf(endpoint.ipv4),
    IPv6Gateway: gateway(v6, endpoint.ipv6),
    GlobalIPv6Address: addressOf(endpoint.ipv6),
    GlobalIPv6PrefixLen: prefixOf(endpoint.ipv6),
    DNSNames: endpoint.names.length > 0 ? endpoint.names : null,
  };
}

