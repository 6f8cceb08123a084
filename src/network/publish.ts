import { errorKind, EngineError, errorMessage } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";
import type { FirewallPort } from "./firewall/elements.ts";
import { gatewayEndpoint, type Attached } from "./interface.ts";
import { bridgeOption, gatewayMode } from "./options.ts";
import { compress, planPorts } from "./ports/plan.ts";
import type { NetworkRecord, PortRange, SandboxRecord } from "./record.ts";
import { addressOf, endpointsOfContainer, insertPublishedPorts, networkById } from "./table.ts";

/** A container's endpoints with their networks, in the order they were made. */
export function attachedOf(ctx: NetworkContext, containerId: string): Attached[] {
  return endpointsOfContainer(ctx.store, containerId).flatMap((endpoint) => {
    const network = networkById(ctx.store, endpoint.networkId);
    return network ? [{ endpoint, network }] : [];
  });
}

/** The endpoints that published ports may lead to: on bridges that are not internal. */
const publishable = (attached: readonly Attached[]): Attached[] =>
  attached.filter(({ network }) => network.Driver === "bridge" && !network.Internal);

/** Addresses of a port that names none: the network's, the daemon's, or all; IPv6 among them where the machine has it. */
function publishAddresses(ctx: NetworkContext, network: NetworkRecord): string[] {
  const chosen = network.Options[bridgeOption.hostBinding4] || ctx.publishAddress;
  if (chosen !== "" && chosen !== "0.0.0.0") return [chosen];
  return ctx.live.relay ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

/** Takes the ports that a container publishes and writes them down. They lead nowhere yet. */
export async function allocatePorts(ctx: NetworkContext, sandbox: SandboxRecord, attached: readonly Attached[]): Promise<PortRange[]> {
  const [first] = publishable(attached);
  if (!first) return [];
  const targets = targetsOf(attached);
  const requests = requestsOf(sandbox, publishAddresses(ctx, first.network)).flatMap((request) => {
    if (request.hostIps.every((hostIp) => canPublish(targets, request.protocol, hostIp))) return [request];
    const hostIps = request.hostIps.filter((hostIp) => canPublish(targets, request.protocol, hostIp));
    return hostIps.length > 0 ? [{ ...request, hostIps }] : [];
  });
  if (requests.length === 0) return [];
  try {
    const ranges = compress(await ctx.live.ports.acquire(sandbox.containerId, requests));
    ctx.store.transaction(() => insertPublishedPorts(ctx.store, sandbox.containerId, ranges))();
    return ranges;
  } catch (cause) {
    const endpoint = `endpoint ${sandbox.name} (${first.endpoint.id})`;
    throw new EngineError(errorKind(cause), `driver failed programming external connectivity on ${endpoint}: ${errorMessage(cause)}`, { cause });
  }
}

const requestsOf = (sandbox: SandboxRecord, addresses: string[]) =>
  planPorts(sandbox.portBindings, sandbox.exposedPorts, sandbox.publishAllPorts, addresses);

interface Targets {
  v4: string;
  v6: string;
}

const targetsOf = (attached: readonly Attached[]): Targets => ({ v4: translated(attached, "v4"), v6: translated(attached, "v6") });

/** A port of that address has somewhere to lead: the container itself, or the relay. */
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

/** As {@link publishedTarget}, but only where the host's address stands for it. */
const translated = (attached: readonly Attached[], family: "v4" | "v6"): string => (isRouted(attached, family) ? "" : publishedTarget(attached, family));

/** Where the ranges lead as the endpoints are now. IPv6 ports of a container without IPv6 lead to the relay. */
export function firewallPorts(sandbox: SandboxRecord, attached: readonly Attached[], ranges: readonly PortRange[]): FirewallPort[] {
  const targets = targetsOf(attached);
  const ports = ranges.flatMap(({ protocol, hostIp, hostPort, containerPort, count }) => {
    const target = hostIp.includes(":") ? targets.v6 : targets.v4;
    return canPublish(targets, protocol, hostIp) ? [{ protocol, hostIp, hostPort, count, target, targetPort: containerPort }] : [];
  });
  const open = (["v4", "v6"] as const).filter((family) => isRouted(attached, family)).map((family) => publishedTarget(attached, family));
  if (open.length === 0) return ports;
  const asked = new Map(requestsOf(sandbox, [""]).map(({ protocol, containerPort }) => [`${containerPort}/${protocol}`, { protocol, containerPort }]));
  return [...ports, ...open.flatMap((target) => [...asked.values()].map(({ protocol, containerPort }) => (
    { protocol, hostIp: "", hostPort: 0, count: 1, target, targetPort: containerPort })))];
}
