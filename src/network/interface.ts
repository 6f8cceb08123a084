import { parseCidr, type Ip } from "../lib/ip.ts";
import { Netns } from "../linux/namespace.ts";
import { addAddress } from "../linux/netlink/address.ts";
import { findLink } from "../linux/netlink/find-link.ts";
import { changeLink } from "../linux/netlink/link.ts";
import type { Message } from "../linux/netlink/message.ts";
import { addRoute, deleteRoute, listRoutes, parseRoute } from "../linux/netlink/route.ts";
import { NETLINK, NetlinkSocket } from "../linux/netlink/socket.ts";
import { SystemError } from "../linux/syscall.ts";
import type { NetworkContext } from "./context.ts";
import { driverOf, type Gateways, type OpenNetns } from "./driver/driver.ts";
import type { EndpointRecord, NetworkRecord } from "./record.ts";

/** A namespace with its own rtnetlink socket; closes both. */
export function openNetns(netns: Netns): OpenNetns & Disposable {
  const route = new NetlinkSocket(NETLINK.ROUTE, netns);
  return {
    netns,
    route,
    [Symbol.dispose]() {
      route[Symbol.dispose]();
      netns[Symbol.dispose]();
    },
  };
}

const LOOPBACK = 1;

export function raiseLoopback({ route }: OpenNetns): void {
  route.request([changeLink(LOOPBACK, { up: true })], "set lo up");
}

/** Addresses for an interface that a driver has made, and up with it. */
export function configureInterface({ netns, route }: OpenNetns, endpoint: EndpointRecord): void {
  const name = endpoint.interfaceName;
  const link = findLink(route, name);
  if (!link) throw new SystemError("netlink", 19, `interface ${name}`);
  // Without an IPv6 network no link-local address either: a way around the network's rules otherwise.
  ignoring(["ENOENT"], () => netns.sysctl(`net/ipv6/conf/${name}/disable_ipv6`, endpoint.ipv6 ? "0" : "1"));
  if (endpoint.ipv6) ignoring(["ENOENT"], () => netns.sysctl(`net/ipv6/conf/${name}/accept_dad`, "0"));
  for (const [key, value] of endpointSysctls(endpoint)) netns.sysctl(key, value);
  const addresses = [endpoint.ipv4, endpoint.ipv6, ...linkLocal(endpoint)].flatMap((text) => parseCidr(text) ?? []);
  route.request([changeLink(link.index, { up: true }), ...addresses.map((cidr) => addAddress(link.index, cidr))], `address ${name}`);
}

function linkLocal({ settings }: EndpointRecord): string[] {
  return (settings.IPAMConfig?.LinkLocalIPs ?? []).map((ip) => `${ip}/${ip.includes(":") ? 64 : 16}`);
}

/** `com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.x=1,…` of the endpoint's driver options. */
function endpointSysctls({ interfaceName, settings }: EndpointRecord): [string, string][] {
  const text = settings.DriverOpts?.["com.docker.network.endpoint.sysctls"] ?? "";
  return text.split(",").flatMap((pair): [string, string][] => {
    const at = pair.indexOf("=");
    return at < 0 ? [] : [[pair.slice(0, at).replaceAll(".", "/").replace("IFNAME", interfaceName), pair.slice(at + 1)]];
  });
}

export interface Attached {
  network: NetworkRecord;
  endpoint: EndpointRecord;
}

/**
 * The endpoint that default routes of the family lead through: highest priority first, then the order given.
 * null: there is no way out.
 */
export function gatewayEndpoint(attached: readonly Attached[], family: "v4" | "v6"): (Attached & { gateway: NonNullable<Gateways["v4"]> }) | null {
  const candidates = attached.flatMap((one) => {
    const gateway = driverOf(one.network)?.gateways(one.network)[family] ?? null;
    return gateway !== null && (family === "v4" ? one.endpoint.ipv4 : one.endpoint.ipv6) !== "" ? [{ ...one, gateway }] : [];
  });
  const priority = (one: Attached) => one.endpoint.settings.GwPriority ?? 0;
  return candidates.sort((a, b) => priority(b) - priority(a))[0] ?? null;
}

/** Waits until packets pass through all endpoints; a tenth of a second at most. Mostly they do already. */
export async function untilReady(ctx: NetworkContext, attached: readonly Attached[]): Promise<void> {
  const isReady = () => attached.every(({ network, endpoint }) => driverOf(network)?.ready(ctx, network, endpoint) ?? true);
  for (let tries = 0; tries < 100 && !isReady(); tries++) await Bun.sleep(1);
}

/** Makes the namespace's default routes those of its endpoints. */
export function setDefaultRoutes({ route }: OpenNetns, attached: readonly Attached[], fresh: boolean): void {
  const messages: Message[] = [];
  for (const family of ["v4", "v6"] as const) {
    const number = family === "v4" ? 4 : 6;
    const way = gatewayEndpoint(attached, family);
    const link = way ? findLink(route, way.endpoint.interfaceName) : null;
    if (!fresh) {
      for (const answer of route.dump(listRoutes(number), "list routes")) {
        const old = parseRoute(answer);
        if (old && old.destination === null && old.family === number) messages.push(deleteRoute(old));
      }
    }
    if (!way || !link) continue;
    messages.push(addRoute({ destination: null, gateway: asIp(way.gateway), link: link.index, family: number }));
  }
  route.request(messages, "set default route");
}

const asIp = (gateway: Ip | "direct"): Ip | null => (gateway === "direct" ? null : gateway);

export function ignoring(codes: readonly string[], fn: () => void): void {
  try {
    fn();
  } catch (error) {
    if (!(error instanceof SystemError && codes.includes(error.code))) throw error;
  }
}
