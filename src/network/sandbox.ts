import { join } from "node:path";
import type { NetworkContext, HostsEntry, Sandbox } from "./context.ts";
import { describeEndpoint } from "./endpoint.ts";
import { extraHostsEntries, hostsFile, hostsFileOfHost, ownNames } from "./hosts.ts";
import type { Attached } from "./interface.ts";
import { isDefaultBridge, isUserDefined } from "./options.ts";
import { portMap } from "./ports/plan.ts";
import { attachedOf } from "./publish.ts";
import type { SandboxRecord } from "./record.ts";
import { formatResolvConf, hostResolvConf, mergeResolvConf, readText, throughEmbedded, withoutLoopback } from "./resolv-conf.ts";
import { addressOf, endpointsOfContainer, networkByName, publishedPorts, sandboxOf } from "./table.ts";

export const netnsPath = (ctx: NetworkContext, containerId: string): string => join(ctx.execRoot, "netns", containerId);

/** The container's name service is the engine's own: it is on a network that has one. */
export const hasNameService = (sandbox: SandboxRecord, attached: readonly Attached[]): boolean =>
  sandbox.privateNetns && attached.some(({ network }) => isUserDefined(network));

/** A sandbox as it stands in the database, in the words of the wire and of the container's files. */
export function describeSandbox(ctx: NetworkContext, sandbox: SandboxRecord): Sandbox {
  const attached = attachedOf(ctx, sandbox.containerId);
  const path = netnsPath(ctx, sandbox.privateNetns ? sandbox.containerId : "default");
  const entries = hostsEntries(ctx, sandbox, attached);
  const bridged = attached.some(({ network }) => network.Driver === "bridge");
  return {
    netnsPath: sandbox.privateNetns ? path : null,
    settings: {
      SandboxID: sandbox.sandboxId,
      SandboxKey: path,
      Ports: bridged ? portMap(publishedPorts(ctx.store, sandbox.containerId), sandbox.exposedPorts) : {},
      Networks: Object.fromEntries(attached.map(({ network, endpoint }) => [network.Name, describeEndpoint(network, endpoint)])),
    },
    resolvConf: resolvConfFor(ctx, sandbox, attached),
    hosts: sandbox.privateNetns ? hostsFile(entries) : hostsFileOfHost(readText("/etc/hosts"), entries),
    hostsEntries: entries,
  };
}


function resolvConfFor(ctx: NetworkContext, sandbox: SandboxRecord, attached: readonly Attached[]): string {
  const host = hostResolvConf();
  const chosen = { servers: sandbox.dns, search: sandbox.dnsSearch, options: sandbox.dnsOptions };
  const all = [chosen, ctx.dns].flatMap((conf) => [...conf.servers, ...conf.search, ...conf.options]);
  if (!sandbox.privateNetns && all.length === 0) return readText("/etc/resolv.conf");
  const merged = mergeResolvConf(mergeResolvConf({ ...chosen }, ctx.dns), host);
  if (!sandbox.privateNetns) return formatResolvConf(merged);
  return formatResolvConf(hasNameService(sandbox, attached) ? throughEmbedded(merged) : withoutLoopback(merged));
}

function hostsEntries(ctx: NetworkContext, sandbox: SandboxRecord, attached: readonly Attached[]): HostsEntry[] {
  const names = ownNames(sandbox.hostname, sandbox.domainname);
  const own = attached.flatMap(({ endpoint }) => [endpoint.ipv4, endpoint.ipv6].filter((cidr) => cidr !== "").map((cidr) => ({ ip: addressOf(cidr), names })));
  return [...extraHostsEntries(sandbox.extraHosts, hostGateways(ctx)), ...linkEntries(ctx, sandbox), ...(names.length > 0 ? own : [])];
}

/** What `host-gateway` stands for. */
function hostGateways(ctx: NetworkContext): string[] {
  if (ctx.hostGatewayIps.length > 0) return ctx.hostGatewayIps;
  const config = networkByName(ctx.store, "bridge")?.IPAM.Config ?? [];
  return config.flatMap(({ Gateway }) => (Gateway ? [Gateway] : []));
}

/** Legacy links: the other container's address on the default bridge under all its names. */
function linkEntries(ctx: NetworkContext, sandbox: SandboxRecord): HostsEntry[] {
  const aliases = Map.groupBy(sandbox.links, (link) => link.containerId);
  return [...aliases].flatMap(([containerId, links]) => {
    const other = sandboxOf(ctx.store, containerId);
    const onBridge = endpointsOfContainer(ctx.store, containerId).find(({ networkId }) => {
      const bridge = networkByName(ctx.store, "bridge");
      return bridge !== null && isDefaultBridge(bridge) && bridge.Id === networkId;
    });
    if (!other || !onBridge) return [];
    const names = [...new Set([...links.map((link) => link.alias), other.hostname, other.name].filter((name) => name !== ""))];
    return [onBridge.ipv4, onBridge.ipv6].filter((cidr) => cidr !== "").map((cidr) => ({ ip: addressOf(cidr), names }));
  });
}
