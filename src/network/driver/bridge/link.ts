import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { forbidden, hasCode } from "../../../lib/errors.ts";
import { type Cidr, formatCidr, parseCidr, parseIp } from "../../../lib/ip.ts";
import { sysctlPath } from "../../../linux/namespace.ts";
import { addAddress, deleteAddress, listAddresses, parseAddress } from "../../../linux/netlink/address.ts";
import { findLink } from "../../../linux/netlink/find-link.ts";
import { changeLink, deleteLink, type Link, newBridge, setAlias } from "../../../linux/netlink/link.ts";
import { SystemError } from "../../../linux/syscall.ts";
import { routeLoopback } from "../../firewall/loopback.ts";
import { booleanOption, bridgeName, bridgeOption, gatewayMode, mtuOption } from "../../options.ts";
import type { NetworkRecord } from "../../record.ts";
import { allNetworks } from "../../table.ts";
import { alias } from "../alias.ts";
import type { DriverDeps } from "../driver.ts";
import { needingKind } from "../kernel-lacks.ts";
import { canFilterBridged } from "./port.ts";

/** The kernel's bridge behind a network: the link, its addresses, its settings. */

/** Makes the bridge, or brings it to be as the network wants it. */
export function ensureBridge(deps: DriverDeps, network: NetworkRecord): void {
  const name = bridgeName(network);
  const found = findLink(deps.live.route, name);
  const link = !found || dropForgotten(deps, found) ? makeBridge(deps, network, name) : found;
  if (link.kind !== "bridge") throw forbidden(`device ${name} exists and is no bridge`);
  if (link.alias !== "" && link.alias !== alias(deps, network))
    throw forbidden(`bridge ${name} belongs to another engine or network (${link.alias})`);
  for (const [setting, value] of bridgeSysctls(network, link)) trySysctl(setting, value);
  giveAddresses(deps, network, link);
  deps.live.route.request([changeLink(link.index, { up: true, mtu: mtuOption(network.Options) })], `set ${name} up`);
}

/** Someone deleted the bridge under us. */
export function remakeBridge(deps: DriverDeps, network: NetworkRecord): Link {
  ensureBridge(deps, network);
  routeLoopback([bridgeName(network)], true);
  const link = findLink(deps.live.route, bridgeName(network));
  if (!link) throw new SystemError("netlink", 19, `bridge ${bridgeName(network)}`);
  return link;
}

function makeBridge(deps: DriverDeps, network: NetworkRecord, name: string): Link {
  const mac = Uint8Array.of(0x02, 0x42, ...createHash("sha256").update(network.Id).digest().subarray(0, 4));
  const filter = !booleanOption(network.Options, bridgeOption.icc, true) && canFilterBridged();
  const made = newBridge({ name, mac, mtu: mtuOption(network.Options), filter });
  const mark = setAlias(name, alias(deps, network));
  needingKind("bridge", "", () => deps.live.route.request([made, mark], `create bridge ${name}`));
  const link = findLink(deps.live.route, name);
  if (!link) throw new SystemError("netlink", 19, `bridge ${name}`);
  return link;
}

/**
 * Settings of the bridge's own, by their names. IPv6 is switched on or off as the network has it, which may have
 * changed. A bridge that the engine did not make keeps its settings.
 */
export function bridgeSysctls(
  { EnableIPv6 }: NetworkRecord,
  { name, alias: mark }: Link,
): [name: string, value: string][] {
  const ipv6: [string, string][] =
    EnableIPv6 || mark !== "" ? [[`net/ipv6/conf/${name}/disable_ipv6`, EnableIPv6 ? "0" : "1"]] : [];
  if (mark === "") return ipv6;
  return [
    [`net/ipv6/conf/${name}/accept_ra`, "0"],
    // No duplicate address detection: no other machine can have its addresses, and it would delay traffic by a second
    // or two.
    [`net/ipv6/conf/${name}/accept_dad`, "0"],
    ...ipv6,
  ];
}

/** A bridge that this engine made for a network that its database does not know (any more) goes. */
function dropForgotten(deps: DriverDeps, { alias: mark, index, name }: Link): boolean {
  const [owner, id] = mark.split("/");
  if (owner !== `berth-${deps.instance}` || allNetworks(deps.store).some((network) => network.Id === id)) return false;
  deps.live.route.request([deleteLink({ index })], `delete ${name}`);
  return true;
}

/** The addresses that the host gets on the bridge. */
export function bridgeAddresses(network: NetworkRecord): Cidr[] {
  return network.IPAM.Config.flatMap(({ Subnet, Gateway }): Cidr[] => {
    const subnet = parseCidr(Subnet ?? "");
    const ip = parseIp(Gateway ?? "");
    if (
      !subnet ||
      !ip ||
      gatewayMode(network, ip.family) === "isolated" ||
      (ip.family === 4 && booleanOption(network.Options, bridgeOption.inhibit4, false))
    )
      return [];
    return [{ ip, prefix: subnet.prefix }];
  });
}

function giveAddresses(deps: DriverDeps, network: NetworkRecord, link: Link): void {
  const wanted = bridgeAddresses(network);
  const present = deps.live.route.dump(listAddresses(), "list addresses").flatMap((answer) => {
    const address = parseAddress(answer);
    return address?.index === link.index && !formatCidr(address.cidr).startsWith("fe80:") ? [address.cidr] : [];
  });
  const has = (list: Cidr[], cidr: Cidr) => list.some((one) => formatCidr(one) === formatCidr(cidr));
  const stale = link.alias === "" ? [] : present.filter((cidr) => !has(wanted, cidr));
  deps.live.route.request(
    [
      ...stale.map((cidr) => deleteAddress(link.index, cidr)),
      ...wanted.filter((cidr) => !has(present, cidr)).map((cidr) => addAddress(link.index, cidr)),
    ],
    `address ${link.name}`,
  );
}

function trySysctl(name: string, value: string): void {
  try {
    writeFileSync(sysctlPath(name), value);
  } catch (error) {
    // A kernel without IPv6.
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
