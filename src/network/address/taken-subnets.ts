import { type Cidr, ipBits, parseCidr, parseIp } from "../../lib/ip.ts";
import { listRoutes, parseRoute } from "../../linux/netlink/route.ts";
import type { NetworkDeps } from "../deps.ts";
import { hostResolvConf } from "../sandbox/resolv-conf.ts";
import { allNetworks } from "../table.ts";

/** Subnets of this engine's networks. Those of configuration-only networks do not count: nobody uses them yet. */
export function networkSubnets(deps: NetworkDeps): Cidr[] {
  const networks = allNetworks(deps.store).filter(({ ConfigOnly }) => !ConfigOnly);
  return networks.flatMap(({ IPAM }) => IPAM.Config.flatMap(({ Subnet }) => parseCidr(Subnet ?? "") ?? []));
}

/** Subnets that the machine routes somewhere, and its name servers: a network there would cut it off from them. */
export function hostSubnets(deps: NetworkDeps): Cidr[] {
  const routes = ([4, 6] as const).flatMap((family) =>
    deps.live.route.dump(listRoutes(family), "list routes").flatMap((answer) => parseRoute(answer)?.destination ?? []),
  );
  const { servers } = hostResolvConf();
  const serverIps = servers.flatMap((server) => {
    const ip = parseIp(server.replace(/%.*$/, ""));
    return ip ? [{ ip, prefix: ipBits(ip.family) }] : [];
  });
  // Routes to half of all addresses (0.0.0.0/1, as VPNs set them) are passed over: with them there would be no free
  // subnet at all.
  return [...routes.filter(({ prefix }) => prefix > 1), ...serverIps];
}
