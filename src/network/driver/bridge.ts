import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { forbidden, hasCode, invalid } from "../../lib/errors.ts";
import { formatCidr, networkOf, parseCidr, parseIp, type Cidr } from "../../lib/ip.ts";
import { sysctlPath } from "../../linux/namespace.ts";
import { addAddress, deleteAddress, listAddresses, parseAddress } from "../../linux/netlink/address.ts";
import { changeLink, changePort, deleteLink, newBridge, newVethPair, parseMac, raiseCarrier, setAlias, type Link } from "../../linux/netlink/link.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { NetworkContext } from "../context.ts";
import { configOf } from "../ipam.ts";
import { expectGone } from "../lingering.ts";
import { booleanOption, bridgeName, bridgeOption, gatewayMode, mtuOption, sourceAddress } from "../options.ts";
import { hostInterface, type NetworkRecord } from "../record.ts";
import { allNetworks } from "../table.ts";
import type { NetworkDriver } from "./driver.ts";
import { alias } from "./alias.ts";
import { deleteInside, ignoringGone } from "./withdraw.ts";

/** A bridge on the host, a veth pair for each container, addresses hidden behind the host's. */
export const bridge: NetworkDriver = {
  check(ctx, network) {
    const name = bridgeName(network);
    if (!/^[^\s/]{1,15}$/.test(name) || name === "." || name === "..") throw invalid(`invalid bridge name: ${name}`);
    for (const option of [bridgeOption.icc, bridgeOption.masquerade]) booleanOption(network.Options, option, true);
    mtuOption(network.Options);
    for (const family of [4, 6] as const) void [gatewayMode(network, family), sourceAddress(network, family)];
    const other = allNetworks(ctx.store).find((one) => one.Driver === "bridge" && one.Id !== network.Id && bridgeName(one) === name);
    if (other) throw forbidden(`cannot create network ${network.Id} (${name}): conflicts with network ${other.Id} (${name}): networks have same bridge name`);
  },

  ensure(ctx, network) {
    const name = bridgeName(network);
    const found = findLink(ctx.live.route, name);
    const link = !found || dropForgotten(ctx, found) ? makeBridge(ctx, network, name) : found;
    if (link.kind !== "bridge") throw forbidden(`device ${name} exists and is no bridge`);
    if (link.alias !== "" && link.alias !== alias(ctx, network)) throw forbidden(`bridge ${name} belongs to another engine or network (${link.alias})`);
    giveAddresses(ctx, network, link);
    ctx.live.route.request([changeLink(link.index, { up: true, mtu: mtuOption(network.Options) })], `set ${name} up`);
  },

  remove(ctx, network) {
    const link = findLink(ctx.live.route, bridgeName(network));
    // A bridge that was there before us stays.
    if (link?.alias === alias(ctx, network)) ctx.live.route.request([deleteLink({ index: link.index })], `delete ${link.name}`);
  },

  attach(ctx, network, endpoint, { netns }, published) {
    const host = hostInterface(endpoint.id);
    const master = findLink(ctx.live.route, bridgeName(network)) ?? remake(ctx, network);
    const mtu = mtuOption(network.Options) || master.mtu;
    const mac = parseMac(endpoint.mac);
    if (!mac) throw invalid(`invalid MAC address: ${endpoint.mac}`);
    ctx.live.route.request([newVethPair(
      { name: host, master: master.index, mtu },
      { name: endpoint.interfaceName, mac, mtu, netnsFd: netns.fd },
    ), raiseCarrier(host, `${alias(ctx, network)}/${endpoint.containerId}`, { ipv6: mtu >= leastIpv6Mtu && existsSync("/proc/sys/net/ipv6") })], `create ${host}`);
    const apart = !booleanOption(network.Options, bridgeOption.icc, true);
    // The firewall keeps containers apart where it sees bridged packets; where it does not, the bridge itself has to.
    // The bridge would also cut the way from one to the other's published ports.
    const isolated = apart && !canFilterBridged();
    // Where bridged packets pass the firewall, a container that meets itself through its published port comes back
    // out of the port it came in by.
    const hairpin = published && (bridgedPacketsAreFiltered() || (apart && !isolated));
    const link = isolated || hairpin ? findLink(ctx.live.route, host) : null;
    if (link) ctx.live.route.request([changePort(link.index, { isolated, hairpin })], `set port ${host}`);
  },

  ready(ctx, network, endpoint) {
    return [hostInterface(endpoint.id), bridgeName(network)].every((name) => findLink(ctx.live.route, name)?.running ?? true);
  },

  detach(ctx, _network, endpoint) {
    // Deleting the pair would hold the kernel's network lock for tens of milliseconds. Down it is as good as gone,
    // and it goes with the namespace.
    const link = findLink(ctx.live.route, hostInterface(endpoint.id));
    if (!link) return;
    ignoringGone(() => ctx.live.route.request([changeLink(link.index, { up: false })], `set ${link.name} down`));
    expectGone(ctx, link.name);
  },

  withdraw: deleteInside,

  gateways(network) {
    if (network.Internal) return { v4: null, v6: null };
    // The daemon's --default-gateway is kept where Docker keeps it.
    const gateway = (family: 4 | 6) => {
      const config = configOf(network.IPAM.Config, family);
      return parseIp(config?.AuxiliaryAddresses?.[`DefaultGatewayIPv${family}`] ?? config?.Gateway ?? "");
    };
    return { v4: gateway(4), v6: gateway(6) };
  },

  firewall(network) {
    const masquerade = booleanOption(network.Options, bridgeOption.masquerade, true) && !network.Internal;
    const subnets = (family: 4 | 6) => network.IPAM.Config.flatMap(({ Subnet }) => {
      const cidr = parseCidr(Subnet ?? "");
      return cidr?.ip.family === family ? [formatCidr(networkOf(cidr))] : [];
    });
    return {
      bridge: bridgeName(network),
      subnets4: subnets(4),
      subnets6: subnets(6),
      internal: network.Internal,
      icc: booleanOption(network.Options, bridgeOption.icc, true),
      mode4: gatewayMode(network, 4),
      mode6: gatewayMode(network, 6),
      source4: masquerade ? sourceAddress(network, 4) || "masquerade" : "",
      source6: masquerade ? sourceAddress(network, 6) || "masquerade" : "",
    };
  },

  interfacePrefix: (network) => network.Options[bridgeOption.prefix] || "eth",
};

function makeBridge(ctx: NetworkContext, network: NetworkRecord, name: string): Link {
  const mac = Uint8Array.of(0x02, 0x42, ...createHash("sha256").update(network.Id).digest().subarray(0, 4));
  const filter = !booleanOption(network.Options, bridgeOption.icc, true) && canFilterBridged();
  ctx.live.route.request([newBridge({ name, mac, mtu: mtuOption(network.Options), filter }), setAlias(name, alias(ctx, network))], `create bridge ${name}`);
  const link = findLink(ctx.live.route, name);
  if (!link) throw new SystemError("netlink", 19, `bridge ${name}`);
  // Packets to published ports on 127.0.0.1 leave through the bridge; the table's guard keeps others from using this.
  writeFileSync(sysctlPath(`net/ipv4/conf/${name}/route_localnet`), "1");
  trySysctl(`net/ipv6/conf/${name}/accept_ra`, "0");
  // Nobody else can have its addresses, and until that is found out (a second or two) it would ask for no neighbour.
  trySysctl(`net/ipv6/conf/${name}/accept_dad`, "0");
  trySysctl(`net/ipv6/conf/${name}/disable_ipv6`, network.EnableIPv6 ? "0" : "1");
  return link;
}

/** A bridge that this engine made for a network that its database does not know (any more) goes. */
function dropForgotten(ctx: NetworkContext, { alias: mark, index, name }: Link): boolean {
  const [owner, id] = mark.split("/");
  if (owner !== `berth-${ctx.instance}` || allNetworks(ctx.store).some((network) => network.Id === id)) return false;
  ctx.live.route.request([deleteLink({ index })], `delete ${name}`);
  return true;
}

/** Someone deleted the bridge under us. */
function remake(ctx: NetworkContext, network: NetworkRecord): Link {
  bridge.ensure(ctx, network);
  const link = findLink(ctx.live.route, bridgeName(network));
  if (!link) throw new SystemError("netlink", 19, `bridge ${bridgeName(network)}`);
  return link;
}

function giveAddresses(ctx: NetworkContext, network: NetworkRecord, link: Link): void {
  const wanted = network.IPAM.Config.flatMap(({ Subnet, Gateway }): Cidr[] => {
    const subnet = parseCidr(Subnet ?? "");
    const ip = parseIp(Gateway ?? "");
    if (!subnet || !ip || gatewayMode(network, ip.family) === "isolated" || (ip.family === 4 && booleanOption(network.Options, bridgeOption.inhibit4, false))) return [];
    return [{ ip, prefix: subnet.prefix }];
  });
  const present = ctx.live.route.dump(listAddresses(), "list addresses").flatMap((answer) => {
    const address = parseAddress(answer);
    return address?.index === link.index && !formatCidr(address.cidr).startsWith("fe80:") ? [address.cidr] : [];
  });
  const has = (list: Cidr[], cidr: Cidr) => list.some((one) => formatCidr(one) === formatCidr(cidr));
  const stale = link.alias === "" ? [] : present.filter((cidr) => !has(wanted, cidr));
  ctx.live.route.request([
    ...stale.map((cidr) => deleteAddress(link.index, cidr)),
    ...wanted.filter((cidr) => !has(present, cidr)).map((cidr) => addAddress(link.index, cidr)),
  ], `address ${link.name}`);
}

/** Below it the kernel gives a link no IPv6 at all, not even settings. */
const leastIpv6Mtu = 1280;

/** The kernel has br_netfilter. */
function canFilterBridged(): boolean {
  return existsSync("/proc/sys/net/bridge");
}

/** It is on for every bridge. */
function bridgedPacketsAreFiltered(): boolean {
  try {
    return readFileSync("/proc/sys/net/bridge/bridge-nf-call-iptables", "utf8").trim() === "1";
  } catch {
    return false;
  }
}

function trySysctl(name: string, value: string): void {
  try {
    writeFileSync(sysctlPath(name), value);
  } catch (error) {
    // A kernel without IPv6.
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
