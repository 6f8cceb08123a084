import { internal } from "../../lib/errors.ts";
import { parseIp } from "../../lib/ip.ts";
import { type macvlanModes, newMacvlan, parseMac } from "../../linux/netlink/link.ts";
import { configOf } from "../address/ipam.ts";
import { mtuOption } from "../options.ts";
import type { NetworkRecord } from "../record.ts";
import type { NetworkDriver } from "./driver.ts";
import { needingKind } from "./kernel-lacks.ts";
import { ensureParent, leadsNowhere, refuseLoopback, refuseShared, releaseParent, sharing } from "./parent.ts";
import { deleteInside } from "./withdraw.ts";

const option = "macvlan_mode";

/** Containers as machines of their own on the parent's network. */
export const macvlan: NetworkDriver = {
  name: "macvlan",
  plugin: false,
  onlyNetwork: null,
  gives: "interface",
  macAddresses: true,
  publishesPorts: false,
  forwards: false,

  validate(deps, network) {
    const passthru = modeOf(network) === "passthru";
    refuseLoopback(network);
    refuseShared(
      network,
      sharing(deps, network).filter((other) => passthru || modeOf(other) === "passthru"),
    );
    mtuOption(network.Options);
  },
  // Without a way out no router has the gateway's address.
  wantsGateway: (network) => !leadsNowhere(network),
  ensure: (deps, network) => void ensureParent(deps, network),
  remove: releaseParent,

  attach(deps, network, endpoint, { netns }) {
    const parent = ensureParent(deps, network);
    const mac = parseMac(endpoint.mac);
    const link = newMacvlan({
      name: endpoint.interfaceName,
      ...(mac && { mac }),
      mtu: mtuOption(network.Options),
      netnsFd: netns.fd,
      parent: parent.index,
      mode: modeOf(network),
    });
    const make = () => deps.live.route.request([link], `create macvlan on ${parent.name}`);
    needingKind("macvlan", "failed to create the macvlan port: ", make);
  },

  publish: () => {},
  ready: () => true,
  // The interface is inside the namespace and goes with it.
  detach: () => {},
  withdraw: deleteInside,
  gateways: lanGateways,
  firewall: () => null,
  interfacePrefix: () => "eth",
  hostLink: () => null,
  compare: () => [],
  compareEndpoint: () => [],
};

/** Routers of the parent's network, as its configuration names them. */
export function lanGateways(network: NetworkRecord): ReturnType<NetworkDriver["gateways"]> {
  if (leadsNowhere(network)) return { v4: null, v6: null };
  const gateway = (family: 4 | 6) => parseIp(configOf(network.IPAM.Config, family)?.Gateway ?? "");
  return { v4: gateway(4), v6: gateway(6) };
}

function modeOf(network: NetworkRecord): keyof typeof macvlanModes {
  const mode = network.Options[option] || "bridge";
  if (mode === "bridge" || mode === "private" || mode === "vepa" || mode === "passthru") return mode;
  throw internal(`requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`);
}
