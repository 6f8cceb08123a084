import { ipBits, parseCidr, parseIp, type Cidr } from "../lib/ip.ts";
import { listRoutes, parseRoute } from "../linux/netlink/route.ts";
import type { NetworkContext } from "./context.ts";
import { hostResolvConf } from "./resolv-conf.ts";
import { allNetworks } from "./table.ts";

/** Subnets of this engine's networks. */
export function networkSubnets(ctx: NetworkContext): Cidr[] {
  return allNetworks(ctx.store).flatMap((network) => network.IPAM.Config.flatMap(({ Subnet }) => parseCidr(Subnet ?? "") ?? []));
}

/** Subnets that the machine routes somewhere, and its name servers: a network there would cut it off from them. */
export function hostSubnets(ctx: NetworkContext): Cidr[] {
  const routes = ([4, 6] as const).flatMap((family) =>
    ctx.live.route.dump(listRoutes(family), "list routes").flatMap((answer) => parseRoute(answer)?.destination ?? []));
  const { servers } = hostResolvConf();
  const serverIps = servers.flatMap((server) => {
    const ip = parseIp(server.replace(/%.*$/, ""));
    return ip ? [{ ip, prefix: ipBits(ip.family) }] : [];
  });
  // Halves of everything (0.0.0.0/1, as VPNs set them) are no reason to find no room at all.
  return [...routes.filter(({ prefix }) => prefix > 1), ...serverIps];
}
