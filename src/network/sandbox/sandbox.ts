import { join } from "node:path";
import type { NetworkDeps } from "../deps.ts";
import { describeEndpoint, isUserDefined } from "../endpoint/endpoint.ts";
import { isDefaultBridge } from "../options.ts";
import { portMap } from "../ports/plan.ts";
import { attachedOf } from "../ports/publish.ts";
import type { EndpointRecord, SandboxRecord } from "../record.ts";
import { addressOf, endpointsOfContainer, networkByName, publishedPorts, sandboxOf } from "../table.ts";
import { extraHostsEntries, hostsFile, hostsFileOfHost, ownNames } from "./hosts.ts";
import type { Attached } from "./interface.ts";
import type { HostsEntry, Sandbox } from "./request.ts";
import {
  formatResolvConf,
  hostResolvConf,
  mergeResolvConf,
  readText,
  throughEmbedded,
  withoutLoopback,
} from "./resolv-conf.ts";

/** The file that the container's network namespace is mounted on: `<exec root>/netns/<container id>`. */
export const netnsPath = (deps: NetworkDeps, containerId: string): string => join(deps.execRoot, "netns", containerId);

/** Whether the engine answers the container's DNS queries: it is on a network with a name service. */
export const hasNameService = (sandbox: SandboxRecord, attached: readonly Attached[]): boolean =>
  sandbox.privateNetns && attached.some(isUserDefined);

/** A sandbox from the database, as the API and the container's files show it. */
export function describeSandbox(deps: NetworkDeps, sandbox: SandboxRecord): Sandbox {
  const attached = attachedOf(deps, sandbox.containerId);
  const path = netnsPath(deps, sandbox.privateNetns ? sandbox.containerId : "default");
  const entries = hostsEntries(deps, sandbox, attached);
  const publishes = attached.some(({ driver }) => driver.publishesPorts);
  return {
    netnsPath: sandbox.privateNetns ? path : null,
    settings: {
      SandboxID: sandbox.sandboxId,
      SandboxKey: path,
      Ports: publishes ? portMap(publishedPorts(deps.store, sandbox.containerId), sandbox.exposedPorts) : {},
      Networks: Object.fromEntries(
        attached.map(({ network, endpoint, driver }) => [network.Name, describeEndpoint(network, endpoint, driver)]),
      ),
    },
    resolvConf: resolvConfFor(deps, sandbox, attached),
    hosts: sandbox.privateNetns ? hostsFile(entries) : hostsFileOfHost(readText("/etc/hosts"), entries),
    hostsEntries: entries,
  };
}

/** The container's own DNS settings, else the daemon's, else the host's configuration. */
function resolvConfFor(deps: NetworkDeps, sandbox: SandboxRecord, attached: readonly Attached[]): string {
  const own = { servers: sandbox.dns, search: sandbox.dnsSearch, options: sandbox.dnsOptions };
  if (!sandbox.privateNetns && [own, deps.dns].every((conf) => Object.values(conf).flat().length === 0))
    return readText("/etc/resolv.conf");
  const host = hostResolvConf();
  const embedded = hasNameService(sandbox, attached);
  const merged = mergeResolvConf(own, deps.dns, sandbox.privateNetns && !embedded ? withoutLoopback(host) : host);
  return formatResolvConf(embedded ? throughEmbedded(merged) : merged);
}

function hostsEntries(deps: NetworkDeps, sandbox: SandboxRecord, attached: readonly Attached[]): HostsEntry[] {
  const names = ownNames(sandbox.hostname, sandbox.domainname);
  const own = attached.flatMap(({ endpoint }) =>
    [endpoint.ipv4, endpoint.ipv6].filter((cidr) => cidr !== "").map((cidr) => ({ ip: addressOf(cidr), names })),
  );
  return [
    ...extraHostsEntries(sandbox.extraHosts, hostGateways(deps)),
    ...linkEntries(deps, sandbox),
    ...(names.length > 0 ? own : []),
  ];
}

/** What `host-gateway` stands for. */
export function hostGateways(deps: NetworkDeps): string[] {
  if (deps.hostGatewayIps.length > 0) return deps.hostGatewayIps;
  const config = networkByName(deps.store, "bridge")?.IPAM.Config ?? [];
  return config.flatMap(({ Gateway }) => (Gateway ? [Gateway] : []));
}

/**
 * Links of the default bridge, while the container is on it: the other container's address there, with the alias and
 * its own names.
 */
export function linkEntries(deps: NetworkDeps, { containerId, links }: SandboxRecord): HostsEntry[] {
  if (links.length === 0 || !bridgeEndpoint(deps, containerId)) return [];
  return links.flatMap((link) => {
    const other = sandboxOf(deps.store, link.containerId);
    const endpoint = bridgeEndpoint(deps, link.containerId);
    if (!other || !endpoint) return [];
    const alias = link.alias.slice(link.alias.lastIndexOf("/") + 1);
    const names = [alias, other.hostname, ...(other.name === alias ? [] : [other.name])];
    return [endpoint.ipv4, endpoint.ipv6].filter((cidr) => cidr !== "").map((cidr) => ({ ip: addressOf(cidr), names }));
  });
}

/** A running container's endpoint on the default bridge; null where it is not on that network. */
export function bridgeEndpoint(deps: NetworkDeps, containerId: string): EndpointRecord | null {
  const bridge = networkByName(deps.store, "bridge");
  if (bridge === null || !isDefaultBridge(bridge)) return null;
  return endpointsOfContainer(deps.store, containerId).find(({ networkId }) => networkId === bridge.Id) ?? null;
}
