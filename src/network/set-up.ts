import { existsSync } from "node:fs";
import type { EndpointSettings } from "../api/types/network.ts";
import { isNotFound } from "../lib/errors.ts";
import { newId } from "../lib/ids.ts";
import { createNetns } from "../linux/namespace.ts";
import type { NetworkContext, Sandbox, SandboxRequest } from "./context.ts";
import { adjustNameService } from "./dns/service.ts";
import { driverOf } from "./driver/driver.ts";
import { allocateEndpoint } from "./endpoint.ts";
import { publishNetworkEvent } from "./events.ts";
import { changePorts } from "./firewall/changes.ts";
import { watchForeignFirewalls } from "./firewall/foreign.ts";
import { configureInterface, openNetns, raiseLoopback, setDefaultRoutes, untilReady, type Attached } from "./interface.ts";
import { allocatePorts, firewallPorts } from "./publish.ts";
import type { NetworkRecord, SandboxRecord } from "./record.ts";
import { resolveNetwork } from "./resolve.ts";
import { describeSandbox, netnsPath } from "./sandbox.ts";
import { saveSandbox, sandboxOf } from "./table.ts";
import { releaseSandbox } from "./tear-down.ts";

/**
 * Makes a container's network namespace with all it asks for. A transaction: on failure nothing stays.
 * Publishes `network connect` for each endpoint.
 */
export async function setUpSandbox(ctx: NetworkContext, request: SandboxRequest): Promise<Sandbox> {
  using _lock = await ctx.live.sandboxLocks.acquire(request.containerId);
  if (sandboxOf(ctx.store, request.containerId) || existsSync(netnsPath(ctx, request.containerId))) await releaseSandbox(ctx, request.containerId);
  const wanted = wantedNetworks(ctx, request);
  await using undo = new AsyncDisposableStack();

  undo.defer(() => releaseSandbox(ctx, request.containerId));
  const { sandbox, attached } = writeDown(ctx, request, wanted);
  const ports = await allocatePorts(ctx, sandbox, attached);
  if (sandbox.privateNetns) {
    await makeNetns(ctx, request, attached, ports.length > 0);
    adjustNameService(ctx, sandbox, false);
  }
  await changePorts(ctx, [], firewallPorts(sandbox, attached, ports));
  await untilReady(ctx, attached);
  const described = describeSandbox(ctx, sandbox);

  undo.move();
  watchForeignFirewalls(ctx);
  for (const { network } of attached) publishNetworkEvent(ctx, "connect", network, { container: request.containerId });
  return described;
}

interface Wanted {
  network: NetworkRecord;
  settings: EndpointSettings;
}

/** The endpoints asked for, that of the mode first; the network of the mode where none is. */
function wantedNetworks(ctx: NetworkContext, { networkMode, endpoints, macAddress }: SandboxRequest): Wanted[] {
  const mode = networkMode === "default" || networkMode === "" ? (ctx.bridge === null ? "none" : "bridge") : networkMode;
  const refs = Object.keys(endpoints);
  const main = refs.length === 0 || refs.includes("default") ? resolveNetwork(ctx, mode) : tryResolve(ctx, mode);
  const wanted = new Map<string, Wanted>();
  for (const ref of refs.length > 0 ? refs : [mode]) {
    const network = ref === "default" && main ? main : resolveNetwork(ctx, ref);
    const mac = network.Id === main?.Id && macAddress ? { MacAddress: macAddress } : {};
    wanted.set(network.Id, { network, settings: { ...mac, ...withoutNulls(endpoints[ref] ?? null) } });
  }
  return [...wanted.values()].sort((a, b) => Number(b.network.Id === main?.Id) - Number(a.network.Id === main?.Id));
}

/** The network of the mode may be gone while the container is only on others. */
function tryResolve(ctx: NetworkContext, ref: string): NetworkRecord | null {
  try {
    return resolveNetwork(ctx, ref);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** An absent MAC address must not hide the one the container itself asks for. */
function withoutNulls(settings: EndpointSettings | null): EndpointSettings {
  const { MacAddress, ...rest } = settings ?? {};
  return MacAddress ? { ...rest, MacAddress } : rest;
}

function writeDown(ctx: NetworkContext, request: SandboxRequest, wanted: Wanted[]): { sandbox: SandboxRecord; attached: Attached[] } {
  const sandbox = sandboxOfRequest(request, !wanted.some(({ network }) => network.Driver === "host"));
  return ctx.store.transaction(() => {
    saveSandbox(ctx.store, sandbox);
    const attached: Attached[] = [];
    for (const { network, settings } of wanted) {
      const taken = attached.map(({ endpoint }) => endpoint.interfaceName);
      attached.push({ network, endpoint: allocateEndpoint(ctx, network, request, settings, taken) });
    }
    return { sandbox, attached };
  })();
}

/** What of a request is kept: endpoints are rows of their own, the rest is in the kernel. */
function sandboxOfRequest(request: SandboxRequest, privateNetns: boolean): SandboxRecord {
  const { containerId, name, hostname, domainname, networkMode, exposedPorts, portBindings, publishAllPorts, dns, dnsOptions, dnsSearch, extraHosts, links } = request;
  return {
    containerId, name, hostname, domainname, networkMode, exposedPorts, portBindings, publishAllPorts, dns, dnsOptions, dnsSearch, extraHosts, links,
    sandboxId: newId(), privateNetns,
  };
}

async function makeNetns(ctx: NetworkContext, request: SandboxRequest, attached: Attached[], published: boolean): Promise<void> {
  const path = netnsPath(ctx, request.containerId);
  using open = openNetns(createNetns(path));
  raiseLoopback(open);
  await request.onNamespace?.(path);
  for (const { network, endpoint } of attached) {
    const driver = driverOf(network);
    if (!driver) continue;
    driver.attach(ctx, network, endpoint, open, published);
    configureInterface(open, endpoint);
  }
  setDefaultRoutes(open, attached, true);
  for (const [name, value] of Object.entries(request.sysctls ?? {})) open.netns.sysctl(name, value);
}
