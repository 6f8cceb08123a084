import { errorMessage } from "../../lib/errors.ts";
import { formatIp } from "../../lib/ip.ts";
import { listAddresses, parseAddress } from "../../linux/netlink/address.ts";
import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import type { NetworkContext } from "../context.ts";
import { relayTarget } from "./target.ts";
import { listenTcp } from "./tcp.ts";
import { listenUdp } from "./udp.ts";

/**
 * Carries IPv6 connections to containers that have IPv4 only: the firewall turns them to one port of the daemon,
 * whatever the number of published ports. (IPv4 needs no relay, nor does IPv6 to containers that have it.)
 */
export interface Relay {
  tcp: number;
  udp: number;
  close(): void;
}

/** null on a machine without IPv6. */
export async function startRelay(ctx: NetworkContext): Promise<Relay | null> {
  try {
    using parts = new DisposableStack();
    const conntrack = parts.use(new NetlinkSocket(NETLINK.NETFILTER));
    const tcp = parts.adopt(
      await listenTcp(({ client, local }) => relayTarget(ctx, conntrack, "tcp", client, { addresses: [local.address], port: local.port })),
      (server) => server.close(),
    );
    const udp = parts.adopt(
      await listenUdp((client, port) => relayTarget(ctx, conntrack, "udp", client, { addresses: hostAddresses(ctx), port })),
      (server) => server.close(),
    );
    const all = parts.move();
    return { tcp: tcp.port, udp: udp.port, close: () => all.dispose() };
  } catch (error) {
    ctx.log.info("no IPv6 on this machine: ports are published on IPv4 only", { error: errorMessage(error) });
    return null;
  }
}

/** Any of them may be where a datagram came in: a UDP socket does not say. */
function hostAddresses(ctx: NetworkContext): string[] {
  const all = ctx.live.route.dump(listAddresses(), "list addresses").flatMap((answer) => parseAddress(answer) ?? []);
  return all.filter(({ cidr }) => cidr.ip.family === 6).map(({ cidr }) => formatIp(cidr.ip));
}
