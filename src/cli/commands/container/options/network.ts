/** `--network` in both notations, with the older flags beside it (`--ip`, `--network-alias`, `--link`, …). */
import type { EndpointSettings } from "../../../../api/types/network.ts";
import { setOwn } from "../../../../lib/own.ts";
import { isMac } from "./address.ts";
import { csvFields, cut } from "./csv.ts";

/** One `--network`. */
export interface NetworkAttachment {
  target: string;
  aliases: readonly string[];
  links: readonly string[];
  driverOpts: Readonly<Record<string, string>> | null;
  ipv4: string;
  ipv6: string;
  linkLocal: readonly string[];
  mac: string;
  gatewayPriority: number;
}

const plain = (target: string): NetworkAttachment => ({
  target,
  aliases: [],
  links: [],
  driverOpts: null,
  ipv4: "",
  ipv6: "",
  linkLocal: [],
  mac: "",
  gatewayPriority: 0,
});

/** `NAME`, or `name=NAME,alias=…,ip=…,…`. */
export function parseNetwork(value: string): NetworkAttachment {
  if (!/\w+=\w+/.test(value)) return plain(value);
  const network = plain("");
  const aliases: string[] = [];
  const linkLocal: string[] = [];
  for (const field of csvFields(value)) {
    const [rawKey, rawText, found] = cut(field.toLowerCase(), "=");
    if (!found || rawKey === "") throw new Error(`invalid field ${field}`);
    const [key, text] = [rawKey.trim(), rawText.trim()];
    switch (key) {
      case "name":
        network.target = text;
        break;
      case "alias":
        aliases.push(text);
        break;
      case "ip":
        network.ipv4 = text;
        break;
      case "ip6":
        network.ipv6 = text;
        break;
      case "mac-address":
        network.mac = text;
        break;
      case "link-local-ip":
        linkLocal.push(text);
        break;
      case "driver-opt": {
        const [name, option, hasValue] = cut(text, "=");
        if (!hasValue || name === "") throw new Error("invalid key value pair format in driver options");
        network.driverOpts = { ...network.driverOpts, [name.trim()]: option.trim() };
        break;
      }
      case "gw-priority":
        if (!/^[+-]?\d+$/.test(text)) throw new Error(`invalid gw-priority (${text}): invalid syntax`);
        network.gatewayPriority = Number(text);
        break;
      default:
        throw new Error(`invalid field key ${key}`);
    }
  }
  if (network.target === "") throw new Error("network name/id is not specified");
  return { ...network, aliases, linkLocal };
}

/** The flags that speak of the first network. */
export interface FirstNetworkFlags {
  aliases: readonly string[];
  links: readonly string[];
  ipv4: string;
  ipv6: string;
  linkLocal: readonly string[];
  mac: string;
}

/** Networks that a user made: not the engine's own modes. */
function isUserDefined(mode: string): boolean {
  return !["default", "bridge", "host", "none"].includes(mode) && !mode.startsWith("container:");
}

/** The endpoints of all networks; the older flags join the first. */
export function parseEndpoints(
  networks: readonly NetworkAttachment[],
  flags: FirstNetworkFlags,
): Record<string, EndpointSettings> {
  if (networks.length === 0) return { default: endpoint(withFlags(plain("default"), flags)) };
  const endpoints: Record<string, EndpointSettings> = {};
  networks.forEach((network, i) => {
    const settings = endpoint(i === 0 ? withFlags(network, flags) : network);
    if (Object.hasOwn(endpoints, network.target))
      throw new Error(`network ${JSON.stringify(network.target)} is specified multiple times`);
    // The engine makes a single network's endpoint by itself where there is nothing to say of it.
    if (networks.length > 1 || JSON.stringify(settings) !== JSON.stringify(endpoint(plain("x"))))
      setOwn(endpoints, network.target, settings);
  });
  const modes = networks.map(({ target }) => isUserDefined(target));
  if (modes.includes(true) && modes.includes(false)) {
    throw new Error("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  }
  return endpoints;
}

function withFlags(network: NetworkAttachment, flags: FirstNetworkFlags): NetworkAttachment {
  const both = (what: string) => {
    throw new Error(`conflicting options: cannot specify both ${what}`);
  };
  if (network.aliases.length > 0 && flags.aliases.length > 0) both("--network-alias and per-network alias");
  if (network.ipv4 !== "" && flags.ipv4 !== "") both("--ip and per-network IPv4 address");
  if (network.ipv6 !== "" && flags.ipv6 !== "") both("--ip6 and per-network IPv6 address");
  if (network.mac !== "" && flags.mac !== "") both("--mac-address and per-network MAC address");
  if (network.linkLocal.length > 0 && flags.linkLocal.length > 0)
    both("--link-local-ip and per-network link-local IP addresses");
  return {
    ...network,
    aliases: flags.aliases.length > 0 ? flags.aliases : network.aliases,
    // On the default bridge a link is the container's, on other networks the endpoint's.
    links: isUserDefined(network.target) ? flags.links : [],
    ipv4: flags.ipv4 || network.ipv4,
    ipv6: flags.ipv6 || network.ipv6,
    linkLocal: flags.linkLocal.length > 0 ? flags.linkLocal : network.linkLocal,
    mac: flags.mac || network.mac,
  };
}

function endpoint(network: NetworkAttachment): EndpointSettings {
  const { target, aliases, links, ipv4, ipv6, linkLocal, mac, driverOpts, gatewayPriority } = network;
  if (target.trim() === "") throw new Error("no name set for network");
  if (!isUserDefined(target) && aliases.length > 0)
    throw new Error("network-scoped aliases are only supported for user-defined networks");
  if (mac !== "" && !isMac(mac.trim())) throw new Error(`${mac} is not a valid mac address`);
  const hasAddress = ipv4 !== "" || ipv6 !== "" || linkLocal.length > 0;
  return {
    IPAMConfig: hasAddress
      ? {
          ...(ipv4 !== "" && { IPv4Address: ipv4 }),
          ...(ipv6 !== "" && { IPv6Address: ipv6 }),
          ...(linkLocal.length > 0 && { LinkLocalIPs: [...linkLocal] }),
        }
      : null,
    Links: links.length > 0 ? [...links] : null,
    Aliases: aliases.length > 0 ? [...aliases] : null,
    MacAddress: mac,
    DriverOpts: driverOpts,
    GwPriority: gatewayPriority,
    NetworkID: "",
    EndpointID: "",
    Gateway: "",
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
