import { type Ip, parseIp } from "../../lib/ip.ts";
import { findByReply, IPPROTO, parseTracked } from "../../linux/netlink/conntrack.ts";
import type { NetlinkSocket } from "../../linux/netlink/socket.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { NetworkDeps } from "../deps.ts";
import { wantedIngress } from "../firewall/changes.ts";
import { attachedOf, publishedTarget } from "../ports/publish.ts";
import { publishedAt } from "../table.ts";

/** The container's address (text, without prefix length) and port that the relay connects to. */
export interface RelayTarget {
  address: string;
  port: number;
}

/** Where a connection wanted to go before the firewall turned it to the relay. */
export interface Wanted {
  /** The host's address that the client sent to. */
  address: Ip;
  port: number;
}

/**
 * The kernel's connection tracking entry for a connection that reached the relay at one of the addresses `local`; null:
 * there is none. A link-local `client` address may have a zone (`%eth0`) at its end.
 */
export function wantedBy(
  conntrack: NetlinkSocket,
  protocol: "tcp" | "udp",
  client: { address: string; port: number },
  local: { addresses: readonly string[]; port: number },
): Wanted | null {
  const source = parseIp(client.address.split("%")[0] ?? "");
  if (!source) return null;
  for (const text of local.addresses) {
    const address = parseIp(text);
    const from = { ip: source, port: client.port };
    const found = address && originalDestination(conntrack, protocol, from, { ip: address, port: local.port });
    if (found) return { address: found.ip, port: found.port };
  }
  return null;
}

/**
 * The target for the port: the container that publishes it or, for a port of the cluster's services, the same port by
 * IPv4. null: nobody publishes it, or the container is gone.
 */
export function relayTarget(deps: NetworkDeps, protocol: "tcp" | "udp", { address, port }: Wanted): RelayTarget | null {
  const range = publishedAt(deps.store, protocol, address, port);
  if (!range && wantedIngress(deps)?.ports.some((one) => one.protocol === protocol && one.port === port))
    return { address: "127.0.0.1", port };
  const target = range && targetOf(deps, range.containerId);
  return range && target ? { address: target, port: range.containerPort + port - range.hostPort } : null;
}

function targetOf(deps: NetworkDeps, containerId: string): string {
  const attached = attachedOf(deps, containerId);
  return publishedTarget(attached, "v6") || publishedTarget(attached, "v4");
}

interface Place {
  ip: Ip;
  port: number;
}

function originalDestination(
  conntrack: NetlinkSocket,
  protocol: "tcp" | "udp",
  client: Place,
  local: Place,
): Place | null {
  try {
    const answer = conntrack.get(
      findByReply({
        protocol: IPPROTO[protocol],
        source: local.ip,
        sourcePort: local.port,
        destination: client.ip,
        destinationPort: client.port,
      }),
      "find connection",
    );
    const tracked = parseTracked(answer);
    return tracked && { ip: tracked.original.destination, port: tracked.original.destinationPort };
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENOENT") return null;
    throw error;
  }
}
