import { type Cidr, formatCidr, formatIp, networkOf } from "../../../lib/ip.ts";
import { addAddress, deleteAddress, listAddresses, parseAddress } from "../../../linux/netlink/address.ts";
import { findLink } from "../../../linux/netlink/find-link.ts";
import { changeLink, type Link } from "../../../linux/netlink/link.ts";
import { listRoutes, parseRoute } from "../../../linux/netlink/route.ts";
import { compare, type Item } from "../../check/item.ts";
import { readSetting } from "../../check/setting.ts";
import { routeLoopback } from "../../firewall/loopback.ts";
import { bridgeName, mtuOption } from "../../options.ts";
import { type EndpointRecord, hostInterface, type NetworkRecord } from "../../record.ts";
import { alias } from "../alias.ts";
import type { DriverDeps } from "../driver.ts";
import { bridgeAddresses, bridgeSysctls, ensureBridge } from "./link.ts";
import { adjustPort } from "./port.ts";

/** A network's bridge: the link, its addresses with the routes that come of them, its settings. */
export function compareBridge(deps: DriverDeps, network: NetworkRecord): Item[] {
  const name = bridgeName(network);
  const repair = () => {
    ensureBridge(deps, network);
    routeLoopback([bridgeName(network)], true);
  };
  const link = findLink(deps.live.route, name);
  const wanted = { kind: "bridge", up: true, mtu: mtuOption(network.Options) || (link?.mtu ?? 1500) };
  const items = [compare(`link ${name}`, network.Name, words(wanted), link ? words(link) : "", repair)];
  if (!link) return items;
  const foreign = link.alias !== "" && link.alias !== alias(deps, network) ? link.alias : "";
  if (foreign) items.push(compare(`owner of ${name}`, network.Name, alias(deps, network), foreign));
  const rest = [
    ...addresses(deps, network, link, repair),
    ...routes(deps, network, link),
    ...settings(network, link, repair),
  ];
  return [...items, ...rest];
}

const words = ({ kind, up, mtu }: Pick<Link, "kind" | "up" | "mtu">): string =>
  `${kind}, ${up ? "up" : "down"}, mtu ${mtu}`;

function addresses(deps: DriverDeps, network: NetworkRecord, link: Link, repair: () => void): Item[] {
  const wanted = bridgeAddresses(network).map(formatCidr);
  const found = deps.live.route.dump(listAddresses(), "list addresses").flatMap((answer) => {
    const address = parseAddress(answer);
    return address?.index === link.index && !formatIp(address.cidr.ip).startsWith("fe80:")
      ? [formatCidr(address.cidr)]
      : [];
  });
  // A bridge that was there before us may have addresses of its own.
  const extra = link.alias === "" ? [] : found.filter((text) => !wanted.includes(text));
  return [
    ...wanted.map((text) =>
      compare(`address of ${link.name}`, network.Name, text, found.includes(text) ? text : "", repair),
    ),
    ...extra.map((text) => compare(`address of ${link.name}`, network.Name, "", text, repair)),
  ];
}

/** The kernel makes the routes from the addresses: to repair one, its address is taken away and added again. */
function routes(deps: DriverDeps, network: NetworkRecord, link: Link): Item[] {
  return bridgeAddresses(network).map((cidr: Cidr) => {
    const subnet = formatCidr(networkOf(cidr));
    const there = deps.live.route.dump(listRoutes(cidr.ip.family), "list routes").some((answer) => {
      const route = parseRoute(answer);
      return (
        route?.destination != null && route.link === link.index && formatCidr(networkOf(route.destination)) === subnet
      );
    });
    return compare(`route through ${link.name}`, network.Name, subnet, there ? subnet : "", () => {
      deps.live.route.attempt([deleteAddress(link.index, cidr)], `address ${link.name}`);
      deps.live.route.request([addAddress(link.index, cidr)], `address ${link.name}`);
    });
  });
}

function settings(network: NetworkRecord, link: Link, repair: () => void): Item[] {
  const item = (name: string, wanted: string, repair: () => void): Item[] => {
    const found = readSetting(name);
    return found === null ? [] : [compare(`sysctl ${name.replaceAll("/", ".")}`, network.Name, wanted, found, repair)];
  };
  return [
    ...item(`net/ipv4/conf/${link.name}/route_localnet`, "1", () => routeLoopback([bridgeName(network)], true)),
    ...bridgeSysctls(network, link).flatMap(([name, wanted]) => item(name, wanted, repair)),
  ];
}

/** The host's side of a container's interface: it is on the bridge, and up. */
export function comparePort(
  deps: DriverDeps,
  network: NetworkRecord,
  endpoint: EndpointRecord,
  owner: string,
  published: boolean,
): Item[] {
  const host = findLink(deps.live.route, hostInterface(endpoint.id));
  if (!host) return [];
  const name = bridgeName(network);
  const master = findLink(deps.live.route, name);
  const found =
    `${host.master !== 0 && host.master === master?.index ? `on ${name}` : "on no bridge of its network"}, ` +
    (host.up ? "up" : "down");
  return [
    compare(`link ${host.name}`, owner, `on ${name}, up`, found, () => {
      const now = findLink(deps.live.route, name);
      if (now) deps.live.route.request([changeLink(host.index, { up: true, master: now.index })], `set ${host.name}`);
      adjustPort(deps, network, host.name, published, true);
    }),
  ];
}
