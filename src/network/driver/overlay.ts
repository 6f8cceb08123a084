import { forbidden } from "../../lib/errors.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import { deleteLink } from "../../linux/netlink/link.ts";
import { compareTunnel, tunnelName } from "../overlay/tunnel.ts";
import { bridge } from "./bridge/bridge.ts";
import type { NetworkDriver } from "./driver.ts";

/**
 * A network of several machines: on each a bridge, as of a network of one machine, with a tunnel to the others' as one
 * more port. Each machine's bridge has the gateway's address, so that packets leave by the machine that they come from.
 * Where the tunnel leads, whoever knows the other machines says (`overlay/apply.ts`).
 */
export const overlay: NetworkDriver = {
  ...bridge,
  name: "overlay",

  validate(deps, network) {
    if (network.Scope !== "swarm") throw forbidden("an overlay network is a cluster's");
    bridge.validate(deps, network);
  },

  remove(deps, network) {
    const link = findLink(deps.live.route, tunnelName(network));
    if (link?.kind === "vxlan") deps.live.route.request([deleteLink({ index: link.index })], `delete ${link.name}`);
    deps.live.tunnels.delete(network.Id);
    bridge.remove(deps, network);
  },

  compare: (deps, network) => [...bridge.compare(deps, network), ...compareTunnel(deps, network)],
};
