import { existsSync } from "node:fs";
import { forbidden, internal, invalid } from "../../../lib/errors.ts";
import { formatCidr, networkOf, parseCidr, parseIp } from "../../../lib/ip.ts";
import { findLink } from "../../../linux/netlink/find-link.ts";
import { changeLink, deleteLink, newVethPair, parseMac, raiseCarrier } from "../../../linux/netlink/link.ts";
import { configOf } from "../../address/ipam.ts";
import {
  addressOption,
  booleanOption,
  bridgeName,
  bridgeOption,
  gatewayMode,
  isInterfaceName,
  mtuOption,
  publishPolicy,
  sourceAddress,
  trustedInterfaces,
} from "../../options.ts";
import { hostInterface } from "../../record.ts";
import { expectGone } from "../../sandbox/lingering.ts";
import { allNetworks } from "../../table.ts";
import { alias } from "../alias.ts";
import type { NetworkDriver } from "../driver.ts";
import { needingKind } from "../kernel-lacks.ts";
import { deleteInside, ignoringGone } from "../withdraw.ts";
import { compareBridge, comparePort } from "./compare.ts";
import { ensureBridge, remakeBridge } from "./link.ts";
import { adjustPort } from "./port.ts";

/** Bytes. With a smaller MTU the kernel gives a link no IPv6, not even the settings in /proc/sys. */
const leastIpv6Mtu = 1280;

/** A bridge on the host, a veth pair for each container, addresses hidden behind the host's. */
export const bridge: NetworkDriver = {
  name: "bridge",
  plugin: false,
  onlyNetwork: null,
  gives: "interface",
  macAddresses: true,
  publishesPorts: true,
  forwards: true,

  validate(deps, network) {
    const name = bridgeName(network);
    // As the kernel would say.
    if (Buffer.byteLength(name) > 15) throw internal("numerical result out of range");
    if (!isInterfaceName(name)) throw internal("invalid argument");
    const { icc, masquerade, inhibit4 } = bridgeOption;
    for (const option of [icc, masquerade, inhibit4]) booleanOption(network.Options, option, true);
    mtuOption(network.Options);
    addressOption(network, bridgeOption.hostBinding4);
    publishPolicy(network, deps.publishPolicy);
    for (const family of [4, 6] as const) void [gatewayMode(network, family), sourceAddress(network, family)];
    const other = allNetworks(deps.store).find(
      (one) => one.Driver === bridge.name && one.Id !== network.Id && bridgeName(one) === name,
    );
    if (other)
      throw forbidden(
        `cannot create network ${network.Id} (${name}): conflicts with network ${other.Id} (${name}): networks ` +
          "have same bridge name",
      );
  },

  wantsGateway: () => true,
  ensure: ensureBridge,

  remove(deps, network) {
    const link = findLink(deps.live.route, bridgeName(network));
    // A bridge that was there before us stays.
    if (link?.alias === alias(deps, network))
      deps.live.route.request([deleteLink({ index: link.index })], `delete ${link.name}`);
  },

  attach(deps, network, endpoint, { netns }, published) {
    const host = hostInterface(endpoint.id);
    const master = findLink(deps.live.route, bridgeName(network)) ?? remakeBridge(deps, network);
    const mtu = mtuOption(network.Options) || master.mtu;
    const mac = parseMac(endpoint.mac);
    if (!mac) throw invalid(`invalid MAC address: ${endpoint.mac}`);
    const inside = { name: endpoint.interfaceName, mac, mtu, netnsFd: netns.fd };
    const pair = newVethPair({ name: host, master: master.index, mtu }, inside);
    const ipv6 = mtu >= leastIpv6Mtu && existsSync("/proc/sys/net/ipv6");
    const carrier = raiseCarrier(host, `${alias(deps, network)}/${endpoint.containerId}`, { ipv6 });
    needingKind("veth", "", () => deps.live.route.request([pair, carrier], `create ${host}`));
    adjustPort(deps, network, host, published, false);
  },

  publish(deps, network, endpoint, published) {
    adjustPort(deps, network, hostInterface(endpoint.id), published, true);
  },

  ready(deps, network, endpoint) {
    return [hostInterface(endpoint.id), bridgeName(network)].every(
      (name) => findLink(deps.live.route, name)?.running ?? true,
    );
  },

  detach(deps, _network, endpoint) {
    // Deleting the pair would hold the kernel's network lock for tens of milliseconds. Once it is down no packets pass,
    // and the kernel deletes it with the namespace.
    const link = findLink(deps.live.route, hostInterface(endpoint.id));
    if (!link) return;
    ignoringGone(() => deps.live.route.request([changeLink(link.index, { up: false })], `set ${link.name} down`));
    expectGone(deps, link.name);
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
    const subnets = (family: 4 | 6) =>
      network.IPAM.Config.flatMap(({ Subnet }) => {
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
      trusted: trustedInterfaces(network),
      source4: masquerade ? sourceAddress(network, 4) || "masquerade" : "",
      source6: masquerade ? sourceAddress(network, 6) || "masquerade" : "",
    };
  },

  interfacePrefix: (network) => network.Options[bridgeOption.prefix] || "eth",
  hostLink: (endpoint) => hostInterface(endpoint.id),
  compare: compareBridge,
  compareEndpoint: comparePort,
};
