import { errorMessage } from "../../lib/errors.ts";
import { formatIp, isLinkLocal, sameIp } from "../../lib/ip.ts";
import { type InterfaceAddress, listAddresses, parseAddress } from "../../linux/netlink/address.ts";
import { getLink, parseLink } from "../../linux/netlink/link.ts";
import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import type { NetworkDeps } from "../deps.ts";
import type { Relay } from "../live.ts";
import { relayTarget, wantedBy } from "./target.ts";
import { listenTcp } from "./tcp.ts";
import { listenUdp } from "./udp.ts";

/**
 * Carries IPv6 connections to containers that have IPv4 only: the firewall redirects them to one port of the daemon,
 * however many ports are published. (IPv4 needs no relay, nor does IPv6 to containers that have it.) null on a machine
 * without IPv6.
 */
export async function startRelay(deps: NetworkDeps): Promise<Relay | null> {
  try {
    using parts = new DisposableStack();
    const conntrack = parts.use(new NetlinkSocket(NETLINK.NETFILTER));
    const tcp = parts.adopt(
      await listenTcp(({ client, local }) => {
        const wanted = wantedBy(conntrack, "tcp", client, { addresses: [local.address], port: local.port });
        return wanted && relayTarget(deps, "tcp", wanted);
      }),
      (server) => server.close(),
    );
    const udp = parts.adopt(
      await listenUdp({
        wanted: (client, port) => wantedOfHost(deps, conntrack, client, port),
        target: (wanted) => relayTarget(deps, "udp", wanted),
      }),
      (server) => server.close(),
    );
    const all = parts.move();
    return { tcp: tcp.port, udp: udp.port, forgetFlows: udp.forget, [Symbol.dispose]: () => all.dispose() };
  } catch (error) {
    deps.log.info("no IPv6 on this machine: ports are published on IPv4 only", { error: errorMessage(error) });
    return null;
  }
}

/** A UDP socket does not tell which of the host's addresses a datagram was sent to: all of them are possible. */
function wantedOfHost(
  deps: NetworkDeps,
  conntrack: NetlinkSocket,
  client: { address: string; port: number },
  port: number,
) {
  const all = deps.live.route.dump(listAddresses(), "list addresses").flatMap((answer) => parseAddress(answer) ?? []);
  const here = all.filter(({ cidr }) => cidr.ip.family === 6);
  const wanted = wantedBy(conntrack, "udp", client, { addresses: here.map(({ cidr }) => formatIp(cidr.ip)), port });
  if (!wanted) return null;
  const zone = isLinkLocal(wanted.address)
    ? (zoneOf(client.address) ??
      linkOf(
        deps,
        here.find(({ cidr }) => sameIp(cidr.ip, wanted.address)),
      ))
    : "";
  return { ...wanted, local: formatIp(wanted.address) + zone };
}

const zoneOf = (address: string): string | undefined => /%.*$/.exec(address)?.[0];

/** A client may send to a link-local address from an address that is not link-local. */
function linkOf(deps: NetworkDeps, asked: InterfaceAddress | undefined): string {
  return asked ? `%${parseLink(deps.live.route.get(getLink({ index: asked.index }), "find link")).name}` : "";
}
