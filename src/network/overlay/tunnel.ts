import { internal } from "../../lib/errors.ts";
import { formatIp, type Ip, ipBytes, parseIp, sameIp } from "../../lib/ip.ts";
import { listAddresses, parseAddress } from "../../linux/netlink/address.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import {
  changeLink,
  deleteLink,
  formatMac,
  type Link,
  listLinks,
  newVxlan,
  parseLink,
  setAlias,
} from "../../linux/netlink/link.ts";
import {
  deleteNeighbour,
  listNeighbours,
  type Neighbour,
  parseNeighbour,
  putNeighbour,
} from "../../linux/netlink/neighbour.ts";
import { compare, type Item } from "../check/item.ts";
import { alias } from "../driver/alias.ts";
import type { DriverDeps } from "../driver/driver.ts";
import { needingKind } from "../driver/kernel-lacks.ts";
import { bridgeName, mtuOption } from "../options.ts";
import type { NetworkRecord } from "../record.ts";
import type { OverlayState } from "./desired.ts";

/** Bytes that a tunnel puts before each packet, over IPv4 and over IPv6. */
const overhead = { 4: 50, 6: 70 } as const;
const usualMtu = 1500;

/** Name of the kernel's end of a network's tunnel. */
export const tunnelName = ({ Id }: NetworkRecord): string => `vx-${Id.slice(0, 12)}`;

/**
 * Makes the network's end of the tunnel as it is to be, and the kernel's knowledge of who is where. Only what differs
 * is changed; what is not asked for goes.
 */
export function applyTunnel(deps: DriverDeps, network: NetworkRecord, state: OverlayState): void {
  const local = parseIp(state.local);
  if (!local) throw internal(`no address of this machine: ${state.local}`);
  deps.live.tunnels.set(network.Id, state);
  const link = ensureTunnel(deps, network, state, local);
  takeOwn(deps, network, state);
  const wanted = new Map(neighboursOf(link, state).map((each) => [keyOf(each), each]));
  const found = new Map(knownNeighbours(deps, link).map((each) => [keyOf(each), each]));
  // The kernel says that it has done what it has not: an entry with another machine is taken away before the new one.
  for (const [key, each] of found) {
    if (!wanted.has(key)) deps.live.route.attempt([deleteNeighbour(each)], `neighbour on ${link.name}`);
  }
  for (const [key, each] of wanted) {
    if (!found.has(key)) deps.live.route.request([putNeighbour(each)], `neighbour on ${link.name}`);
  }
}

/** For `network check`: the link, and who is where, as this daemon was told last. */
export function compareTunnel(deps: DriverDeps, network: NetworkRecord): Item[] {
  const state = deps.live.tunnels.get(network.Id);
  const local = parseIp(state?.local ?? "");
  if (!state || !local) return [];
  const name = tunnelName(network);
  const repair = () => applyTunnel(deps, network, state);
  const link = findLink(deps.live.route, name);
  const bridge = findLink(deps.live.route, bridgeName(network));
  const words = (one: Pick<Link, "kind" | "up" | "mtu" | "alias">, there: boolean) =>
    `${one.kind} ${one.alias.split("/").slice(2).join(" ")}, ${one.up ? "up" : "down"}, mtu ${one.mtu}` +
    (there ? "" : ", not on its bridge");
  const mtu = mtuFor(deps, network, local);
  const wanted = { kind: "vxlan", up: true, mtu, alias: markOf(deps, network, state, local) };
  const items = [
    compare(
      `tunnel ${name}`,
      network.Name,
      words(wanted, true),
      link ? words(link, link.master === bridge?.index) : "",
      repair,
    ),
  ];
  if (!link) return items;
  const [should, is] = [neighboursOf(link, state), knownNeighbours(deps, link)].map(
    (list) => new Map(list.map((each) => [keyOf(each), each])),
  );
  const keys = new Set([...(should?.keys() ?? []), ...(is?.keys() ?? [])]);
  return [
    ...items,
    ...[...keys].map((key) => {
      const { ip, mac, forwarding } = should?.get(key) ?? is?.get(key) ?? { ip: local, mac: null, forwarding: false };
      const who = `${mac ? formatMac(mac) : ""} ${forwarding ? "by" : "has"} ${formatIp(ip)}`;
      const shown = (there: boolean | undefined) => (there ? "there" : "");
      return compare(`peer ${who} on ${name}`, network.Name, shown(should?.has(key)), shown(is?.has(key)), repair);
    }),
  ];
}

const mtuFor = (deps: DriverDeps, network: NetworkRecord, local: Ip): number =>
  mtuOption(network.Options) || underlayMtu(deps, local) - overhead[local.family];

/** What of a tunnel cannot be seen in the kernel by these messages. */
const markOf = (deps: DriverDeps, network: NetworkRecord, { vni, port }: OverlayState, local: Ip): string =>
  `${alias(deps, network)}/${vni}/${formatIp(local)}/${port}`;

/** The link, made anew where it is another than it is to be: only its kind can be seen, the rest is in its alias. */
function ensureTunnel(deps: DriverDeps, network: NetworkRecord, state: OverlayState, local: Ip): Link {
  const name = tunnelName(network);
  const bridge = findLink(deps.live.route, bridgeName(network));
  if (!bridge) throw internal(`there is no bridge ${bridgeName(network)}`);
  const mtu = mtuFor(deps, network, local);
  const mark = markOf(deps, network, state, local);
  const found = findLink(deps.live.route, name);
  if (found && (found.kind !== "vxlan" || found.alias !== mark))
    deps.live.route.request([deleteLink({ index: found.index })], `delete ${name}`);
  else if (found && found.mtu === mtu && found.master === bridge.index && found.up) return found;
  if (!found || found.alias !== mark) {
    const made = newVxlan({ name, id: state.vni, local, port: state.port, mtu, master: bridge.index });
    needingKind("vxlan", "", () => deps.live.route.request([made], `create ${name}`));
  }
  const link = findLink(deps.live.route, name);
  if (!link) throw internal(`there is no link ${name}`);
  deps.live.route.request(
    [
      setAlias(name, mark),
      changeLink(link.index, { up: true, mtu, master: bridge.index }),
      changeLink(bridge.index, { mtu }),
    ],
    `set ${name} up`,
  );
  return link;
}

/** The bridge has the MAC address that follows from the machine's own addresses, so that frames for these are its. */
function takeOwn(deps: DriverDeps, network: NetworkRecord, { own }: OverlayState): void {
  const mac = overlayMac(own);
  const bridge = findLink(deps.live.route, bridgeName(network));
  if (!mac || !bridge || bridge.mac === formatMac(mac)) return;
  deps.live.route.request([changeLink(bridge.index, { mac })], `set ${bridge.name}`);
}

/** Of the link that has the address; what a tunnel carries must fit into it. */
function underlayMtu(deps: DriverDeps, local: Ip): number {
  for (const answer of deps.live.route.dump(listAddresses(), "list addresses")) {
    const address = parseAddress(answer);
    if (!address || !sameIp(address.cidr.ip, local)) continue;
    const links = deps.live.route.dump(listLinks(), "list links").map(parseLink);
    const link = links.find(({ index, name }) => index === address.index && name !== "lo");
    if (link) return link.mtu;
  }
  return usualMtu;
}

/** Who has each address, and by what machine whoever has it is reached. */
function neighboursOf({ index }: Link, { peers }: OverlayState): Neighbour[] {
  return peers.flatMap(({ addresses, machine }) => {
    const [mac, end] = [overlayMac(addresses), parseIp(machine)];
    if (!mac || !end) return [];
    return [
      { index, mac, ip: end, forwarding: true },
      ...addresses.flatMap((text) => {
        const ip = parseIp(text);
        return ip ? [{ index, mac, ip, forwarding: false }] : [];
      }),
    ];
  });
}

/**
 * The MAC address of whoever has these addresses, without prefix length: it follows the first of version 4, as with all
 * endpoints (`endpoint/endpoint.ts`), else the first; so nobody has to be told of it. Null: there are none.
 */
export function overlayMac(addresses: readonly string[]): Uint8Array | null {
  const ips = addresses.flatMap((text) => parseIp(text) ?? []);
  const ip = ips.find(({ family }) => family === 4) ?? ips[0];
  return ip ? Uint8Array.of(0x02, 0x42, ...ipBytes(ip).subarray(-4)) : null;
}

function knownNeighbours(deps: DriverDeps, { index }: Link): Neighbour[] {
  return (["forwarding", 4, 6] as const).flatMap((kind) =>
    deps.live.route.dump(listNeighbours(kind), "list neighbours").flatMap((answer) => {
      const found = parseNeighbour(answer);
      return found?.index === index ? [found] : [];
    }),
  );
}

const keyOf = ({ mac, ip, forwarding }: Neighbour): string =>
  `${forwarding} ${Buffer.from(mac).toString("hex")} ${formatIp(ip)}`;
