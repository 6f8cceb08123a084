import { invalid } from "../../lib/errors.ts";
import { ipvlanFlags, ipvlanModes, newIpvlan } from "../../linux/netlink/link.ts";
import { mtuOption } from "../options.ts";
import type { NetworkRecord } from "../record.ts";
import type { NetworkDriver } from "./driver.ts";
import { lanGateways } from "./macvlan.ts";
import { ensureParent, refuseLoopback, refuseShared, releaseParent, sharing } from "./parent.ts";
import { deleteInside } from "./withdraw.ts";

/** Containers with addresses of their own behind the parent's one MAC address. */
export const ipvlan: NetworkDriver = {
  check(ctx, network) {
    refuseLoopback(network);
    const [mode, flag] = [modeOf(network), flagOf(network)];
    // The kernel sets both for the parent as a whole.
    refuseShared(network, sharing(ctx, network).filter((other) => modeOf(other) !== mode || flagOf(other) !== flag));
    mtuOption(network.Options);
  },
  ensure: (ctx, network) => void ensureParent(ctx, network),
  remove: releaseParent,

  attach(ctx, network, endpoint, { netns }) {
    if (endpoint.settings.MacAddress) throw invalid("ipvlan interfaces do not support custom mac address assignment");
    const parent = ensureParent(ctx, network);
    ctx.live.route.request([newIpvlan({
      name: endpoint.interfaceName, mtu: mtuOption(network.Options), netnsFd: netns.fd, parent: parent.index, mode: modeOf(network), flag: flagOf(network),
    })], `create ipvlan on ${parent.name}`);
  },

  ready: () => true,
  detach: () => {},
  withdraw: deleteInside,
  // In the routed modes the parent itself is the way out.
  gateways: (network) => (modeOf(network) === "l2" || network.Internal ? lanGateways(network) : { v4: "direct", v6: "direct" }),
  firewall: () => null,
  interfacePrefix: () => "eth",
};

function modeOf(network: NetworkRecord): keyof typeof ipvlanModes {
  const mode = network.Options["ipvlan_mode"] || "l2";
  if (mode === "l2" || mode === "l3" || mode === "l3s") return mode;
  throw invalid(`requested ipvlan mode '${mode}' is not valid, 'l2' mode is the ipvlan driver default`);
}

function flagOf(network: NetworkRecord): keyof typeof ipvlanFlags {
  const flag = network.Options["ipvlan_flag"] || "bridge";
  if (flag === "bridge" || flag === "private" || flag === "vepa") return flag;
  throw invalid(`requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`);
}
