import { errorMessage } from "../../lib/errors.ts";
import { containsIp, type Ip, isUnspecified, parseCidr, parseIp, sameIp } from "../../lib/ip.ts";
import type { Netns } from "../../linux/namespace.ts";
import { forget, IPPROTO, listTracked, parseTracked, type Tracked } from "../../linux/netlink/conntrack.ts";
import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import type { NetworkDeps } from "../deps.ts";
import type { FirewallPort } from "../firewall/elements.ts";
import type { Firewall } from "../firewall/ruleset.ts";

/**
 * UDP has no end of a connection: as long as a client goes on sending, the kernel sends its datagrams where the first
 * one went, even if the rules have changed since. So when published UDP ports are added or removed, the kernel is told
 * to forget their flows.
 */
export function forgetFlows(deps: NetworkDeps, ports: readonly FirewallPort[]): void {
  const udp = ports.filter(({ protocol }) => protocol === "udp");
  if (udp.length === 0) return;
  deps.live.relay?.forgetFlows((port) =>
    udp.some(({ hostPort, count }) => port >= hostPort && port < hostPort + count),
  );
  forgetWhere(deps, (flow) => concerns(flow, udp));
}

/**
 * Connections that began while the rules were missing are never translated, even when the rules are back: those to
 * published ports, and those of containers that should have left under the host's address. They are forgotten, so that
 * their next packet is treated as a first one.
 */
export function forgetUntranslated(deps: NetworkDeps, { networks, ports }: Firewall): void {
  const hidden = networks.flatMap(({ subnets4, subnets6, source4, source6 }) =>
    [...(source4 ? subnets4 : []), ...(source6 ? subnets6 : [])].flatMap((text) => parseCidr(text) ?? []),
  );
  const within = (ip: Ip) => hidden.some((subnet) => containsIp(subnet, ip));
  forgetWhere(deps, ({ original, reply }) => {
    const inward =
      sameIp(reply.source, original.destination) &&
      ports.some(({ protocol, hostIp, hostPort, count }) => {
        const at = parseIp(hostIp);
        return (
          IPPROTO[protocol === "udp" ? "udp" : "tcp"] === original.protocol &&
          at?.family === original.destination.family &&
          (isUnspecified(at) || sameIp(at, original.destination)) &&
          original.destinationPort >= hostPort &&
          original.destinationPort < hostPort + count
        );
      });
    return (
      inward || (within(original.source) && !within(original.destination) && sameIp(reply.destination, original.source))
    );
  });
}

/** Forgets the connections that `unwanted` is true for, of the machine or of another namespace. Never throws. */
export function forgetWhere(deps: NetworkDeps, unwanted: (flow: Tracked) => boolean, netns?: Netns): void {
  try {
    using conntrack = new NetlinkSocket(NETLINK.NETFILTER, netns);
    for (const family of [4, 6] as const) {
      const flows = conntrack
        .dump(listTracked(family), "list connections")
        .flatMap((answer) => parseTracked(answer) ?? []);
      // A flow may end by itself meanwhile: the error for that is ignored.
      conntrack.attempt(flows.filter(unwanted).map(forget), "forget connections");
    }
  } catch (error) {
    deps.log.debug("connections could not be looked through", { error: errorMessage(error) });
  }
}

function concerns({ original, reply }: Tracked, ports: readonly FirewallPort[]): boolean {
  if (original.protocol !== IPPROTO.udp) return false;
  return ports.some(({ hostPort, count, target }) => {
    const toPort = original.destinationPort >= hostPort && original.destinationPort < hostPort + count;
    const ip = parseIp(target);
    return toPort && (ip === null || sameIp(reply.source, ip) || sameIp(reply.source, original.destination));
  });
}
