import { EngineError, errorKind, errorMessage } from "../../lib/errors.ts";
import type { NetworkDeps } from "../deps.ts";
import { driverOf } from "../driver/driver.ts";
import type { FirewallPort } from "../firewall/elements.ts";
import { bridgeOption, gatewayMode, publishPolicy, trustedInterfaces } from "../options.ts";
import type { NetworkRecord, PortRange, SandboxRecord } from "../record.ts";
import { type Attached, gatewayEndpoint } from "../sandbox/interface.ts";
import { addressOf, endpointsOfContainer, insertPublishedPorts, networkById } from "../table.ts";
import { compress, type PortGrant, planPorts } from "./plan.ts";

/** A container's endpoints with their networks, in the order they were made. */
export function attachedOf(deps: NetworkDeps, containerId: string): Attached[] {
  return endpointsOfContainer(deps.store, containerId).flatMap((endpoint) => {
    const network = networkById(deps.store, endpoint.networkId);
    return network ? [{ endpoint, network, driver: driverOf(deps, network) }] : [];
  });
}

/** The endpoints that published ports may lead to: on networks that are not internal. */
const publishable = (attached: readonly Attached[]): Attached[] =>
  attached.filter(({ network, driver }) => driver.publishesPorts && !network.Internal);

/**
 * The host's addresses for a port that names no address: the network's, else the daemon's, else all, with IPv6 where
 * the machine has it.
 */
function publishAddresses(deps: NetworkDeps, network: NetworkRecord): string[] {
  const chosen = network.Options[bridgeOption.hostBinding4] || deps.publishAddress;
  if (chosen !== "" && chosen !== "0.0.0.0") return [chosen];
  if (publishPolicy(network, deps.publishPolicy) === "loopback") return ["127.0.0.1"];
  return deps.live.relay ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

/** Reserves the ports that a container publishes and saves their rows. They do not lead to the container yet. */
export async function allocatePorts(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  attached: readonly Attached[],
): Promise<PortRange[]> {
  const ranges = compress(await acquirePorts(deps, sandbox, attached));
  if (ranges.length > 0) deps.store.transaction(() => insertPublishedPorts(deps.store, sandbox.containerId, ranges))();
  return ranges;
}

/** Reserves the ports that `sandbox` asks for, as far as one of its networks can publish them. Saves no rows. */
export async function acquirePorts(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  attached: readonly Attached[],
): Promise<PortGrant[]> {
  const [first] = publishable(attached);
  if (!first) return [];
  const targets = targetsOf(attached);
  const requests = requestsOf(sandbox, publishAddresses(deps, first.network)).flatMap((request) => {
    if (request.hostIps.every((hostIp) => canPublish(targets, request.protocol, hostIp))) return [request];
    const hostIps = request.hostIps.filter((hostIp) => canPublish(targets, request.protocol, hostIp));
    return hostIps.length > 0 ? [{ ...request, hostIps }] : [];
  });
  if (requests.length === 0) return [];
  try {
    return await deps.live.ports.acquire(sandbox.containerId, requests);
  } catch (cause) {
    const endpoint = `endpoint ${sandbox.name} (${first.endpoint.id})`;
    throw new EngineError(
      errorKind(cause),
      `driver failed programming external connectivity on ${endpoint}: ${errorMessage(cause)}`,
      { cause },
    );
  }
}

const requestsOf = (sandbox: SandboxRecord, addresses: string[]) =>
  planPorts(sandbox.portBindings, sandbox.exposedPorts, sandbox.publishAllPorts, addresses);

interface Targets {
  v4: string;
  v6: string;
}

const targetsOf = (attached: readonly Attached[]): Targets => ({
  v4: translated(attached, "v4"),
  v6: translated(attached, "v6"),
});

/** Whether a port on that address of the host can lead anywhere: to the container itself, or to the relay. */
function canPublish({ v4, v6 }: Targets, protocol: string, hostIp: string): boolean {
  return hostIp.includes(":") ? v6 !== "" || (v4 !== "" && protocol !== "sctp") : v4 !== "";
}

/** The container's address that published ports lead to; empty: it has none of the family. */
export function publishedTarget(attached: readonly Attached[], family: "v4" | "v6"): string {
  const way = gatewayEndpoint(publishable(attached), family);
  return addressOf((family === "v4" ? way?.endpoint.ipv4 : way?.endpoint.ipv6) ?? "");
}

function isRouted(attached: readonly Attached[], family: "v4" | "v6"): boolean {
  const way = gatewayEndpoint(publishable(attached), family);
  return way !== null && gatewayMode(way.network, family === "v4" ? 4 : 6) === "routed";
}

/** Whether the machine's own rules for incoming traffic decide who reaches the ports. */
function isGuarded(deps: NetworkDeps, attached: readonly Attached[], family: "v4" | "v6"): boolean {
  const way = gatewayEndpoint(publishable(attached), family);
  return way !== null && publishPolicy(way.network, deps.publishPolicy) === "host-firewall";
}

/**
 * As {@link publishedTarget}, but empty where the network does not translate: ports are then reached at the container's
 * own address.
 */
const translated = (attached: readonly Attached[], family: "v4" | "v6"): string =>
  isRouted(attached, family) ? "" : publishedTarget(attached, family);

/** Where the ranges lead as the endpoints are now. IPv6 ports of a container without IPv6 lead to the relay. */
export function firewallPorts(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  attached: readonly Attached[],
  ranges: readonly PortRange[],
): FirewallPort[] {
  const targets = targetsOf(attached);
  const guarded = { v4: isGuarded(deps, attached, "v4"), v6: isGuarded(deps, attached, "v6") };
  const ports = ranges.flatMap(({ protocol, hostIp, hostPort, containerPort, count }) => {
    const target = hostIp.includes(":") ? targets.v6 : targets.v4;
    const isV6 = target === "" ? targets.v6 !== "" : target.includes(":");
    return canPublish(targets, protocol, hostIp)
      ? [{ protocol, hostIp, hostPort, count, target, targetPort: containerPort, guarded: guarded[isV6 ? "v6" : "v4"] }]
      : [];
  });
  const asked = new Map(
    requestsOf(sandbox, [""]).map(({ protocol, containerPort }) => [
      `${containerPort}/${protocol}`,
      { protocol, containerPort },
    ]),
  );
  return [
    ...ports,
    ...(["v4", "v6"] as const).flatMap((family) => {
      const target = publishedTarget(attached, family);
      if (isRouted(attached, family)) return openAt("", target, [...asked.values()]);
      const way = gatewayEndpoint(publishable(attached), family);
      if (!way || !(deps.allowDirectRouting || trustedInterfaces(way.network).length > 0)) return [];
      return openAt(deps.allowDirectRouting ? "" : "trusted", target, published(ranges, family));
    }),
  ];
}

interface ContainerPort {
  protocol: string;
  containerPort: number;
}

const openAt = (hostIp: "" | "trusted", target: string, list: readonly ContainerPort[]): FirewallPort[] =>
  list.map(({ protocol, containerPort: targetPort }) => ({
    protocol,
    hostIp,
    hostPort: 0,
    count: 1,
    target,
    targetPort,
    guarded: false,
  }));

/** Ports of the container that the ranges lead to, each once. */
function published(ranges: readonly PortRange[], family: "v4" | "v6"): ContainerPort[] {
  const own = ranges.filter(({ hostIp }) => hostIp.includes(":") === (family === "v6"));
  const all = own.flatMap(({ protocol, containerPort, count }): ContainerPort[] =>
    Array.from({ length: count }, (_, at) => ({ protocol, containerPort: containerPort + at })),
  );
  return [...new Map(all.map((port) => [`${port.containerPort}/${port.protocol}`, port])).values()];
}
