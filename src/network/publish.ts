import { errorKind, EngineError, errorMessage } from "../lib/errors.ts";
import { parseIp } from "../lib/ip.ts";
import type { NetworkContext } from "./context.ts";
import type { FirewallPort } from "./firewall/elements.ts";
import { gatewayEndpoint, type Attached } from "./interface.ts";
import { compress, planPorts } from "./ports/plan.ts";
import type { PortRange, SandboxRecord } from "./record.ts";
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

/** Addresses of a port that names none; IPv6 among them where the machine has it. */
function publishAddresses(ctx: NetworkContext): string[] {
  if (ctx.publishAddress !== "" && ctx.publishAddress !== "0.0.0.0") return [ctx.publishAddress];
  return ctx.live.relay ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

/** Takes the ports that a container publishes and writes them down. They lead nowhere yet. */
export async function allocatePorts(ctx: NetworkContext, sandbox: SandboxRecord, attached: readonly Attached[]): Promise<PortRange[]> {
  const [first] = publishable(attached);
  if (!first) return [];
  const requests = planPorts(sandbox.portBindings, sandbox.exposedPorts, sandbox.publishAllPorts, publishAddresses(ctx));
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

/** The container's address that published ports lead to; empty: it has none of the family. */
export function publishedTarget(attached: readonly Attached[], family: "v4" | "v6"): string {
  const way = gatewayEndpoint(publishable(attached), family);
  return addressOf((family === "v4" ? way?.endpoint.ipv4 : way?.endpoint.ipv6) ?? "");
}

/** Where the ranges lead as the endpoints are now. IPv6 ports of a container without IPv6 lead to the relay. */
export function firewallPorts(attached: readonly Attached[], ranges: readonly PortRange[]): FirewallPort[] {
  const [v4, v6] = [publishedTarget(attached, "v4"), publishedTarget(attached, "v6")];
  return ranges.flatMap(({ protocol, hostIp, hostPort, containerPort, count }) => {
    const target = parseIp(hostIp)?.family === 4 ? v4 : v6;
    const relayed = target === "" && v4 !== "" && protocol !== "sctp";
    return target !== "" || relayed ? [{ protocol, hostIp, hostPort, count, target, targetPort: containerPort }] : [];
  });
}
