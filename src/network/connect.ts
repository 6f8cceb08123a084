import type { EndpointSettings } from "../api/types/network.ts";
import { forbidden, invalid, notFound } from "../lib/errors.ts";
import { Netns } from "../linux/namespace.ts";
import type { NetworkContext, Sandbox } from "./context.ts";
import { adjustNameService } from "./dns/service.ts";
import { driverOf } from "./driver/driver.ts";
import { allocateEndpoint } from "./endpoint.ts";
import { publishNetworkEvent } from "./events.ts";
import { changePorts } from "./firewall/changes.ts";
import type { FirewallPort } from "./firewall/elements.ts";
import { configureInterface, openNetns, setDefaultRoutes, untilReady, type Attached } from "./interface.ts";
import { allocatePorts, attachedOf, firewallPorts } from "./publish.ts";
import type { NetworkRecord, SandboxRecord } from "./record.ts";
import { resolveNetwork } from "./resolve.ts";
import { describeSandbox, netnsPath } from "./sandbox.ts";
import { deleteEndpoint, deletePublishedPorts, publishedPorts, sandboxOf } from "./table.ts";

/**
 * Adds a network to a running container. `network` is a name or an id. Returns the sandbox as it then stands:
 * the caller rewrites hosts and resolv.conf in place.
 */
export async function connectSandbox(ctx: NetworkContext, containerId: string, network: string, endpoint: EndpointSettings | null): Promise<Sandbox> {
  using _lock = await ctx.live.sandboxLocks.acquire(containerId);
  const sandbox = requireSandbox(ctx, containerId);
  const record = resolveNetwork(ctx, network);
  const before = attachedOf(ctx, containerId);
  if (before.some((one) => one.network.Id === record.Id)) throw forbidden(`endpoint with name ${sandbox.name} already exists in network ${record.Name}`);
  checkCompatible(before.map((one) => one.network), record, !sandbox.privateNetns);
  await using undo = new AsyncDisposableStack();

  const taken = before.map((one) => one.endpoint.interfaceName);
  const added = { network: record, endpoint: ctx.store.transaction(() => allocateEndpoint(ctx, record, sandbox, endpoint ?? {}, taken))() };
  undo.defer(() => detach(ctx, sandbox, added));
  const after = [...before, added];
  const oldPorts = publishedPorts(ctx.store, containerId);
  const ports = oldPorts.length > 0 ? oldPorts : await allocatePorts(ctx, sandbox, after);
  attach(ctx, sandbox, added, after, ports.length > 0);
  await movePorts(ctx, firewallPorts(sandbox, before, oldPorts), firewallPorts(sandbox, after, ports));
  adjustNameService(ctx, sandbox, true);
  await untilReady(ctx, [added]);
  const described = describeSandbox(ctx, sandbox);

  undo.move();
  publishNetworkEvent(ctx, "connect", record, { container: containerId });
  return described;
}

/** Takes a running container off a network. */
export async function disconnectSandbox(ctx: NetworkContext, containerId: string, network: string): Promise<Sandbox> {
  using _lock = await ctx.live.sandboxLocks.acquire(containerId);
  const sandbox = requireSandbox(ctx, containerId);
  const record = resolveNetwork(ctx, network);
  if (record.Driver === "host") throw invalid("cannot disconnect container from host network - container was created in host network mode");
  const before = attachedOf(ctx, containerId);
  const removed = before.find((one) => one.network.Id === record.Id);
  if (!removed) throw forbidden(`container ${containerId} is not connected to network ${record.Name}`);

  const ranges = publishedPorts(ctx.store, containerId);
  const after = before.filter((one) => one !== removed);
  await movePorts(ctx, firewallPorts(sandbox, before, ranges), firewallPorts(sandbox, after, ranges));
  detach(ctx, sandbox, removed);
  if (!after.some((one) => one.network.Driver === "bridge")) {
    deletePublishedPorts(ctx.store, containerId);
    ctx.live.ports.release(containerId);
  }
  adjustNameService(ctx, sandbox, true);
  publishNetworkEvent(ctx, "disconnect", record, { container: containerId });
  return describeSandbox(ctx, sandbox);
}

/** Throws, in Docker's words, where a container on `current` cannot be on `wanted` too. For stopped containers as well. */
export function checkCompatible(current: readonly NetworkRecord[], wanted: NetworkRecord, hostMode: boolean): void {
  if (wanted.ConfigOnly) throw forbidden("cannot create endpoint on configuration-only network");
  if (wanted.Driver === "host" && !hostMode) {
    throw invalid("cannot connect container to host network - container must be created in host network mode");
  }
  if (hostMode || current.some((network) => network.Driver === "host")) {
    throw invalid("container sharing network namespace with another container or host cannot be connected to any other network");
  }
  if (current.length > 0 && [...current, wanted].some((network) => network.Driver === "null")) {
    throw invalid("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  }
}

/** Turns ports to where they lead now. */
async function movePorts(ctx: NetworkContext, before: FirewallPort[], after: FirewallPort[]): Promise<void> {
  if (JSON.stringify(before) !== JSON.stringify(after)) await changePorts(ctx, before, after);
}

function requireSandbox(ctx: NetworkContext, containerId: string): SandboxRecord {
  const sandbox = sandboxOf(ctx.store, containerId);
  if (!sandbox) throw notFound(`network sandbox for container ${containerId} not found`);
  return sandbox;
}

function attach(ctx: NetworkContext, sandbox: SandboxRecord, { network, endpoint }: Attached, all: readonly Attached[], published: boolean): void {
  const driver = driverOf(network);
  if (!driver) return;
  using open = openNetns(new Netns(netnsPath(ctx, sandbox.containerId)));
  driver.attach(ctx, network, endpoint, open, published);
  configureInterface(open, endpoint);
  setDefaultRoutes(open, all, false);
}

function detach(ctx: NetworkContext, sandbox: SandboxRecord, { network, endpoint }: Attached): void {
  deleteEndpoint(ctx.store, endpoint.id);
  const driver = driverOf(network);
  if (!driver) return;
  using open = openNetns(new Netns(netnsPath(ctx, sandbox.containerId)));
  driver.detach(ctx, network, endpoint);
  driver.withdraw(endpoint, open);
  setDefaultRoutes(open, attachedOf(ctx, sandbox.containerId), false);
}
