import { internal, invalid } from "../../lib/errors.ts";
import { type ipvlanFlags, type ipvlanModes, newIpvlan } from "../../linux/netlink/link.ts";
import { mtuOption } from "../options.ts";
import type { NetworkRecord } from "../record.ts";
import type { NetworkDriver } from "./driver.ts";
import { needingKind } from "./kernel-lacks.ts";
import { lanGateways } from "./macvlan.ts";
import { ensureParent, leadsNowhere, refuseLoopback, refuseShared, releaseParent, sharing } from "./parent.ts";
import { deleteInside } from "./withdraw.ts";

/** Containers with addresses of their own behind the parent's one MAC address. */
export const ipvlan: NetworkDriver = {
  name: "ipvlan",
  plugin: false,
  onlyNetwork: null,
  gives: "interface",
  macAddresses: false,
  publishesPorts: false,
  forwards: false,

  validate(deps, network) {
    const [mode, flag] = [modeOf(network), flagOf(network)];
    refuseLoopback(network);
    // Mode and flag hold for the parent as a whole: networks that share it must agree.
    refuseShared(
      network,
      sharing(deps, network).filter((other) => modeOf(other) !== mode || flagOf(other) !== flag),
    );
    mtuOption(network.Options);
  },
  // Without a way out no router has the gateway's address.
  wantsGateway: (network) => !leadsNowhere(network),
  ensure: (deps, network) => void ensureParent(deps, network),
  remove: releaseParent,

  attach(deps, network, endpoint, { netns }) {
    if (endpoint.settings.MacAddress) throw invalid("ipvlan interfaces do not support custom mac address assignment");
    const parent = ensureParent(deps, network);
    const link = newIpvlan({
      name: endpoint.interfaceName,
      mtu: mtuOption(network.Options),
      netnsFd: netns.fd,
      parent: parent.index,
      mode: modeOf(network),
      flag: flagOf(network),
    });
    const make = () => deps.live.route.request([link], `create ipvlan on ${parent.name}`);
    needingKind("ipvlan", "failed to create the ipvlan port: ", make);
  },

  publish: () => {},
  ready: () => true,
  detach: () => {},
  withdraw: deleteInside,
  // In the routed modes packets leave by the parent itself, without a gateway.
  gateways: (network) =>
    modeOf(network) === "l2" || leadsNowhere(network) ? lanGateways(network) : { v4: "direct", v6: "direct" },
  firewall: () => null,
  interfacePrefix: () => "eth",
  hostLink: () => null,
  compare: () => [],
  compareEndpoint: () => [],
};

function modeOf(network: NetworkRecord): keyof typeof ipvlanModes {
  const mode = network.Options["ipvlan_mode"] || "l2";
  if (mode === "l2" || mode === "l3" || mode === "l3s") return mode;
  throw internal(`requested ipvlan mode '${mode}' is not valid, 'l2' mode is the ipvlan driver default`);
}

function flagOf(network: NetworkRecord): keyof typeof ipvlanFlags {
  const flag = network.Options["ipvlan_flag"] || "bridge";
  if (flag === "bridge" || flag === "private" || flag === "vepa") return flag;
  throw internal(`requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`);
}
