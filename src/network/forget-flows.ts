import { errorMessage } from "../lib/errors.ts";
import { parseIp, sameIp } from "../lib/ip.ts";
import { forget, IPPROTO, listTracked, parseTracked, type Tracked } from "../linux/netlink/conntrack.ts";
import { NETLINK, NetlinkSocket } from "../linux/netlink/socket.ts";
import type { NetworkContext } from "./context.ts";
import type { FirewallPort } from "./firewall/elements.ts";

/**
 * UDP has no end of a connection: as long as a client goes on sending, the kernel sends its datagrams where the first
 * one went, whatever the rules say by now. So when published UDP ports come or go, it is made to forget those flows.
 */
export function forgetFlows(ctx: NetworkContext, ports: readonly FirewallPort[]): void {
  const udp = ports.filter(({ protocol }) => protocol === "udp");
  if (udp.length === 0) return;
  try {
    using conntrack = new NetlinkSocket(NETLINK.NETFILTER);
    for (const family of [4, 6] as const) {
      const flows = conntrack.dump(listTracked(family), "list connections").flatMap((answer) => parseTracked(answer) ?? []);
      // One may end by itself meanwhile: what is not there needs no forgetting.
      conntrack.attempt(flows.filter((flow) => concerns(flow, udp)).map(forget), "forget connections");
    }
  } catch (error) {
    ctx.log.debug("connections could not be looked through", { error: errorMessage(error) });
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
