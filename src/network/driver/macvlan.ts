import { invalid } from "../../lib/errors.ts";
import { parseIp } from "../../lib/ip.ts";
import { macvlanModes, newMacvlan, parseMac } from "../../linux/netlink/link.ts";
import { configOf } from "../ipam.ts";
import { mtuOption } from "../options.ts";
import type { NetworkRecord } from "../record.ts";
import type { NetworkDriver } from "./driver.ts";
import { ensureParent, refuseLoopback, refuseShared, releaseParent, sharing } from "./parent.ts";
import { deleteInside } from "./withdraw.ts";

const option = "macvlan_mode";

/** Containers as machines of their own on the parent's network. */
export const macvlan: NetworkDriver = {
  check(ctx, network) {
    refuseLoopback(network);
    const passthru = modeOf(network) === "passthru";
    refuseShared(network, sharing(ctx, network).filter((other) => passthru || modeOf(other) === "passthru"));
    mtuOption(network.Options);
  },
  ensure: (ctx, network) => void ensureParent(ctx, network),
  remove: releaseParent,

  attach(ctx, network, endpoint, { netns }) {
    const parent = ensureParent(ctx, network);
    const mac = parseMac(endpoint.mac);
    ctx.live.route.request([newMacvlan({
      name: endpoint.interfaceName, ...(mac && { mac }), mtu: mtuOption(network.Options), netnsFd: netns.fd, parent: parent.index, mode: modeOf(network),
    })], `create macvlan on ${parent.name}`);
  },

  ready: () => true,
  // The interface is inside the namespace and goes with it.
  detach: () => {},
  withdraw: deleteInside,
  gateways: lanGateways,
  firewall: () => null,
  interfacePrefix: () => "eth",
};

/** Routers of the parent's network, as its configuration names them. */
export function lanGateways(network: NetworkRecord): ReturnType<NetworkDriver["gateways"]> {
  const gateway = (family: 4 | 6) => (network.Internal ? null : parseIp(configOf(network.IPAM.Config, family)?.Gateway ?? ""));
  return { v4: gateway(4), v6: gateway(6) };
}

function modeOf(network: NetworkRecord): keyof typeof macvlanModes {
  const mode = network.Options[option] || "bridge";
  if (mode === "bridge" || mode === "private" || mode === "vepa" || mode === "passthru") return mode;
  throw invalid(`requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`);
}
