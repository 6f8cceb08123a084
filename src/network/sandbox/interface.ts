import { type Cidr, type Ip, parseCidr } from "../../lib/ip.ts";
import type { Netns } from "../../linux/namespace.ts";
import { addAddress } from "../../linux/netlink/address.ts";
import { findLink } from "../../linux/netlink/find-link.ts";
import { changeLink } from "../../linux/netlink/link.ts";
import type { Message } from "../../linux/netlink/message.ts";
import { addRoute, deleteRoute, listRoutes, parseRoute } from "../../linux/netlink/route.ts";
import { NETLINK, NetlinkSocket } from "../../linux/netlink/socket.ts";
import { SystemError } from "../../linux/syscall.ts";
import type { NetworkDeps } from "../deps.ts";
import type { Gateways, NetworkDriver, OpenNetns } from "../driver/driver.ts";
import { setEndpointSysctls } from "../endpoint/endpoint-sysctls.ts";
import type { EndpointRecord, NetworkRecord } from "../record.ts";

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

/** Sets the namespace's loopback interface up; a new namespace has it down. */
export function raiseLoopback({ route }: OpenNetns): void {
  route.request([changeLink(LOOPBACK, { up: true })], "set lo up");
}

/** Gives an interface that a driver has made its addresses and sets it up. */
export function configureInterface({ netns, route }: OpenNetns, endpoint: EndpointRecord): void {
  const name = endpoint.interfaceName;
  const link = findLink(route, name);
  if (!link) throw new SystemError("netlink", 19, `interface ${name}`);
  // On a network without IPv6 there is no link-local address either: it would be a way around the network's rules.
  ignoring(["ENOENT"], () => netns.sysctl(`net/ipv6/conf/${name}/disable_ipv6`, endpoint.ipv6 ? "0" : "1"));
  if (endpoint.ipv6) ignoring(["ENOENT"], () => netns.sysctl(`net/ipv6/conf/${name}/accept_dad`, "0"));
  setEndpointSysctls(netns, endpoint);
  route.request(
    [changeLink(link.index, { up: true }), ...endpointAddresses(endpoint).map((cidr) => addAddress(link.index, cidr))],
    `address ${name}`,
  );
}

/** The addresses of an endpoint's interface. */
export const endpointAddresses = (endpoint: EndpointRecord): Cidr[] =>
  [endpoint.ipv4, endpoint.ipv6, ...linkLocal(endpoint)].flatMap((text) => parseCidr(text) ?? []);

function linkLocal({ settings }: EndpointRecord): string[] {
  return (settings.IPAMConfig?.LinkLocalIPs ?? []).map((ip) => `${ip}/${ip.includes(":") ? 64 : 16}`);
}

/** A container's place on one of its networks. */
export interface Attached {
  network: NetworkRecord;
  endpoint: EndpointRecord;
  driver: NetworkDriver;
}

/**
 * The endpoint that default routes of the family lead through: highest priority first, then the order given. null: no
 * network has a way out.
 */
export function gatewayEndpoint(
  attached: readonly Attached[],
  family: "v4" | "v6",
): (Attached & { gateway: NonNullable<Gateways["v4"]> }) | null {
  const candidates = attached.flatMap((one) => {
    const gateway = one.driver.gateways(one.network, one.endpoint)[family];
    return gateway !== null && (family === "v4" ? one.endpoint.ipv4 : one.endpoint.ipv6) !== ""
      ? [{ ...one, gateway }]
      : [];
  });
  const priority = (one: Attached) => one.endpoint.settings.GwPriority ?? 0;
  return candidates.sort((a, b) => priority(b) - priority(a))[0] ?? null;
}

/** Waits until packets pass through all endpoints; a tenth of a second at most. Mostly they do already. */
export async function untilReady(deps: NetworkDeps, attached: readonly Attached[]): Promise<void> {
  const isReady = () => attached.every(({ network, endpoint, driver }) => driver.ready(deps, network, endpoint));
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

/** Runs `fn` and ignores a SystemError whose code (`EEXIST`, …) is one of `codes`. Any other error is thrown on. */
export function ignoring(codes: readonly string[], fn: () => void): void {
  try {
    fn();
  } catch (error) {
    if (!(error instanceof SystemError && codes.includes(error.code))) throw error;
  }
}
