import type { EndpointSettings } from "../../api/types/network.ts";
import { forbidden, internal, invalid, notFound, unavailable } from "../../lib/errors.ts";
import { newId, shortId } from "../../lib/ids.ts";
import { containsIp, formatCidr, type IpFamily, ipBytes, isLinkLocal, parseCidr, parseIp } from "../../lib/ip.ts";
import { formatMac, parseMac } from "../../linux/netlink/link.ts";
import { configOf, pickAddress, takeAddress } from "../address/ipam.ts";
import type { NetworkDeps } from "../deps.ts";
import { driverOf, type NetworkDriver } from "../driver/driver.ts";
import { isDefaultBridge, isInterfaceName } from "../options.ts";
import type { GivenAddresses } from "../plugin/ipam.ts";
import { type EndpointRecord, hostInterface, type NetworkRecord } from "../record.ts";
import { addressOf, insertEndpoint, networkById, usedAddresses } from "../table.ts";
import { sysctlErrors } from "./endpoint-sysctls.ts";

/** The container that an endpoint is for, as far as names on the network need it. */
export interface EndpointOwner {
  containerId: string;
  name: string;
  hostname: string;
}

/** Whether a user created the network. Only such networks have a name service and accept addresses and aliases. */
export const isUserDefined = ({ network, driver }: { network: NetworkRecord; driver: NetworkDriver }): boolean =>
  !isDefaultBridge(network) && driver.gives === "interface";

/**
 * Throws `invalid`, with Docker's text, where the network cannot give what the settings ask for. For running and
 * stopped containers alike.
 */
export function validateEndpoint(deps: NetworkDeps, network: NetworkRecord, settings: EndpointSettings): void {
  const { IPv4Address, IPv6Address, LinkLocalIPs } = settings.IPAMConfig ?? {};
  if (settings.MacAddress && !parseMac(settings.MacAddress))
    throw invalid(`invalid MAC address ${settings.MacAddress}`);
  const errors: string[] = [];
  if (!isUserDefined({ network, driver: driverOf(deps, network) })) {
    if (IPv4Address || IPv6Address) errors.push("user specified IP address is supported on user defined networks only");
    if ((settings.Aliases ?? []).length > 0)
      errors.push("network-scoped alias is supported only for containers in user defined networks");
  }
  errors.push(
    ...malformed(IPv4Address, 4),
    ...malformed(IPv6Address, 6),
    ...(LinkLocalIPs ?? []).flatMap(linkLocalErrors),
    ...rangeErrors(network, IPv4Address, 4),
    ...rangeErrors(network, IPv6Address, 6),
    ...sysctlErrors(settings),
  );
  if (errors.length === 0) return;
  throw invalid(
    `invalid endpoint settings:\n${errors.length === 1 ? errors[0] : errors.map((error) => `* ${error}`).join("\n")}`,
  );
}

type Text = string | null | undefined;

function malformed(text: Text, family: IpFamily): string[] {
  return !text || parseIp(text)?.family === family ? [] : [`invalid IPv${family} address: ${text}`];
}

function linkLocalErrors(text: string): string[] {
  const ip = parseIp(text);
  if (!ip) return [`invalid link-local IP address: ${text}`];
  return isLinkLocal(ip) ? [] : [`invalid link local IP address: ${text}`];
}

function rangeErrors(network: NetworkRecord, text: Text, family: IpFamily): string[] {
  if (!text) return [];
  const ip = parseIp(text);
  const subnet = parseCidr(configOf(network.asked ?? network.IPAM.Config, family)?.Subnet ?? "");
  if (!subnet)
    return ["user specified IP address is supported only when connecting to networks with user configured subnets"];
  return ip && containsIp(subnet, ip) ? [] : [`no configured subnet or ip-range contain the IP address ${text}`];
}

/**
 * Gives a container a place on a network: identity, addresses (`given`: chosen elsewhere), names. Writes rows only, and
 * must run in one transaction with all that depends on them.
 */
export function allocateEndpoint(
  deps: NetworkDeps,
  network: NetworkRecord,
  owner: EndpointOwner,
  settings: EndpointSettings,
  taken: readonly string[],
  given: GivenAddresses | null = null,
): EndpointRecord {
  validateEndpoint(deps, network, settings);
  // The network was looked up earlier and may have been removed since.
  if (!networkById(deps.store, network.Id)) throw notFound(`network ${network.Name} not found`);
  const driver = driverOf(deps, network);
  const addressed = driver.gives === "interface";
  const used = addressed ? usedAddresses(deps.store, network.Id) : new Set<string>();
  const { IPv4Address, IPv6Address } = settings.IPAMConfig ?? {};
  const ipv4 = addressed && network.EnableIPv4 ? (given?.ipv4 ?? allocate(network, 4, used, IPv4Address)) : "";
  const ipv6 = addressed && network.EnableIPv6 ? (given?.ipv6 ?? allocate(network, 6, used, IPv6Address)) : "";
  // A plugin that gives one twice.
  for (const address of given ? [addressOf(ipv4), addressOf(ipv6)] : [])
    if (used.has(address)) throw forbidden("Address already in use");
  const id = newId();
  const endpoint: EndpointRecord = {
    id,
    networkId: network.Id,
    containerId: owner.containerId,
    interfaceName: addressed ? interfaceName(id, driver.interfacePrefix(network), settings, taken) : "",
    mac: given?.mac || (driver.macAddresses ? macAddress(settings, id, ipv4) : ""),
    ipv4,
    ipv6,
    settings,
    names: isUserDefined({ network, driver }) ? dnsNames(owner, settings) : [],
  };
  insertEndpoint(deps.store, endpoint);
  return endpoint;
}

function allocate(
  network: NetworkRecord,
  family: IpFamily,
  used: ReadonlySet<string>,
  wanted: string | null | undefined,
): string {
  const config = configOf(network.IPAM.Config, family);
  if (!config) return "";
  const ip = parseIp(wanted ?? "");
  const address = ip ? takeAddress(config, used, ip) : pickAddress(config, used);
  if (!address)
    throw unavailable(
      `no available IPv${family} addresses on this network's address pools: ${network.Name} (${network.Id})`,
    );
  return formatCidr(address);
}

/**
 * Follows the address, so that a neighbour that still has the address' last owner in its ARP table reaches the next one
 * too.
 */
function macAddress(settings: EndpointSettings, endpointId: string, ipv4: string): string {
  const wanted = parseMac(settings.MacAddress ?? "");
  if (wanted) return formatMac(wanted);
  const ip = parseCidr(ipv4)?.ip;
  return formatMac(Uint8Array.of(0x02, 0x42, ...(ip ? ipBytes(ip) : Buffer.from(endpointId.slice(0, 8), "hex"))));
}

function interfaceName(id: string, prefix: string, settings: EndpointSettings, taken: readonly string[]): string {
  const wanted = settings.DriverOpts?.["com.docker.network.endpoint.ifname"];
  if (wanted) {
    // As the kernel would say.
    const why =
      Buffer.byteLength(wanted) > 15
        ? "numerical result out of range"
        : !isInterfaceName(wanted)
          ? "invalid argument"
          : [...taken, "lo"].includes(wanted)
            ? "file exists"
            : "";
    if (why === "") return wanted;
    const host = hostInterface(id);
    const renaming = `error renaming interface "${host}" to ${JSON.stringify(wanted)}`;
    throw internal(`failed to add interface ${host} to sandbox: ${renaming}: ${why}`);
  }
  for (let number = 0; ; number++) if (!taken.includes(`${prefix}${number}`)) return `${prefix}${number}`;
}

/**
 * The names that the network's name service knows the container by: its name, its aliases, the short form of its id and
 * its host name, each once.
 */
export function dnsNames({ containerId, name, hostname }: EndpointOwner, settings: EndpointSettings): string[] {
  return [...new Set([name, ...(settings.Aliases ?? []), shortId(containerId), hostname].filter((one) => one !== ""))];
}

/** The endpoint in Docker's wire shape. */
export function describeEndpoint(
  network: NetworkRecord,
  endpoint: EndpointRecord,
  driver: NetworkDriver,
): EndpointSettings {
  const { v4, v6 } = driver.gateways(network, endpoint);
  const prefixOf = (cidr: string) => parseCidr(cidr)?.prefix ?? 0;
  const gateway = (ip: typeof v4, cidr: string) =>
    ip && ip !== "direct" && cidr ? addressOf(formatCidr({ ip, prefix: 0 })) : "";
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
