import { parseIp, type Ip } from "../../lib/ip.ts";
import { findByReply, IPPROTO, parseTracked } from "../../linux/netlink/conntrack.ts";
import type { NetlinkSocket } from "../../linux/netlink/socket.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { NetworkContext } from "../context.ts";
import { attachedOf, publishedTarget } from "../publish.ts";
import { publishedAt } from "../table.ts";

export interface RelayTarget {
  address: string;
  port: number;
}

/**
 * Where a connection wanted to go before the firewall turned it to the relay: the kernel remembers. null: it came
 * to the relay's own port, or the container is gone.
 */
export function relayTarget(
  ctx: NetworkContext, conntrack: NetlinkSocket, protocol: "tcp" | "udp",
  client: { address: string; port: number }, relay: { addresses: string[]; port: number },
): RelayTarget | null {
  const source = parseIp(client.address);
  if (!source) return null;
  for (const address of relay.addresses) {
    const local = parseIp(address);
    const wanted = local && originalDestination(conntrack, protocol, { ip: source, port: client.port }, { ip: local, port: relay.port });
    if (!wanted || wanted.port === relay.port) continue;
    const range = publishedAt(ctx.store, protocol, wanted.ip, wanted.port);
    const target = range && targetOf(ctx, range.containerId);
    return range && target ? { address: target, port: range.containerPort + wanted.port - range.hostPort } : null;
  }
  return null;
}

function targetOf(ctx: NetworkContext, containerId: string): string {
  const attached = attachedOf(ctx, containerId);
  return publishedTarget(attached, "v6") || publishedTarget(attached, "v4");
}

interface Place {
  ip: Ip;
  port: number;
}

function originalDestination(conntrack: NetlinkSocket, protocol: "tcp" | "udp", client: Place, local: Place): Place | null {
  try {
    const answer = conntrack.get(findByReply({
      protocol: IPPROTO[protocol], source: local.ip, sourcePort: local.port, destination: client.ip, destinationPort: client.port,
    }), "find connection");
    const tracked = parseTracked(answer);
    return tracked && { ip: tracked.original.destination, port: tracked.original.destinationPort };
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return null;
    throw error;
  }
}
