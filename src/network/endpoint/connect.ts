import type { EndpointSettings } from "../../api/types/network.ts";
import { forbidden, invalid, notFound } from "../../lib/errors.ts";
import { Netns } from "../../linux/namespace.ts";
import type { NetworkDeps } from "../deps.ts";
import { adjustNameService } from "../dns/service.ts";
import { driverOf } from "../driver/driver.ts";
import { publishNetworkEvent } from "../events.ts";
import { changePorts } from "../firewall/changes.ts";
import type { FirewallPort } from "../firewall/elements.ts";
import { adjustBalance } from "../overlay/balance.ts";
import { joinAtPlugin, leaveAtPlugin } from "../plugin/endpoint.ts";
import { type GivenAddresses, releaseAddresses, requestAddresses } from "../plugin/ipam.ts";
import { allocatePorts, attachedOf, firewallPorts } from "../ports/publish.ts";
import type { EndpointRecord, NetworkRecord, SandboxRecord } from "../record.ts";
import { resolveNetwork } from "../resolve.ts";
import { type Attached, configureInterface, openNetns, setDefaultRoutes, untilReady } from "../sandbox/interface.ts";
import type { HostsEntry, Sandbox } from "../sandbox/request.ts";
import { describeSandbox, netnsPath } from "../sandbox/sandbox.ts";
import { deleteEndpoint, deletePublishedPorts, publishedPorts, sandboxOf, updateEndpoint } from "../table.ts";
import { allocateEndpoint, validateEndpoint } from "./endpoint.ts";

/** Called in the transaction that completes a change, to write down what the change means for the container. */
export type Settle = (sandbox: Sandbox) => void;

/** Adds a network to a running container. `network` is a name or an id. */
export async function connectSandbox(
  deps: NetworkDeps,
  containerId: string,
  network: string,
  endpoint: EndpointSettings | null,
  settle: Settle,
): Promise<void> {
  using _lock = await deps.live.sandboxLocks.acquire(containerId);
  const sandbox = requireSandbox(deps, containerId);
  const record = resolveNetwork(deps, network);
  const before = attachedOf(deps, containerId);
  if (before.some((one) => one.network.Id === record.Id))
    throw forbidden(`endpoint with name ${sandbox.name} already exists in network ${record.Name}`);
  const driver = driverOf(deps, record);
  checkCompatible(before, { network: record, driver }, !sandbox.privateNetns);
  await using undo = new AsyncDisposableStack();

  const taken = before.map((one) => one.endpoint.interfaceName);
  const oldPorts = publishedPorts(deps.store, containerId);
  if (record.pools) validateEndpoint(deps, record, endpoint ?? {});
  const given = await requestAddresses(deps, record, endpoint ?? {});
  const allocate = () => begin(deps, allocateEndpoint(deps, record, sandbox, endpoint ?? {}, taken, given), "joins");
  const added = { network: record, driver, endpoint: await orGiveBack(deps, record, given, allocate) };
  undo.defer(() => takeOff(deps, sandbox, added));
  const after = [...before, added];
  const ports = oldPorts.length > 0 ? oldPorts : await allocatePorts(deps, sandbox, after);
  await attach(deps, sandbox, added, after, ports.length > 0);
  await movePorts(deps, firewallPorts(deps, sandbox, before, oldPorts), firewallPorts(deps, sandbox, after, ports));
  adjustNameService(deps, sandbox, true);
  adjustBalance(deps, containerId, false);
  await untilReady(deps, [added]);
  deps.store.transaction(() => {
    updateEndpoint(deps.store, added.endpoint);
    settle(describeSandbox(deps, sandbox));
  })();

  undo.move();
  publishNetworkEvent(deps, "connect", record, { container: containerId });
}

/** Takes a running container off a network. */
export async function disconnectSandbox(
  deps: NetworkDeps,
  containerId: string,
  network: string,
  settle: Settle,
): Promise<void> {
  using _lock = await deps.live.sandboxLocks.acquire(containerId);
  const sandbox = requireSandbox(deps, containerId);
  const record = resolveNetwork(deps, network);
  if (driverOf(deps, record).gives === "host")
    throw invalid("cannot disconnect container from host network - container was created in host network mode");
  const removed = attachedOf(deps, containerId).find((one) => one.network.Id === record.Id);
  if (!removed) throw forbidden(`container ${containerId} is not connected to network ${record.Name}`);
  await takeOff(deps, sandbox, removed, settle);
  publishNetworkEvent(deps, "disconnect", record, { container: containerId });
}

/**
 * At boot, for a running container: undoes connects, and completes disconnects, that a crash cut off. null: none was
 * under way; else the entries that its hosts file may still have, its sandbox now, and the names of the networks it was
 * taken off.
 */
export async function mendSandbox(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
): Promise<{ before: HostsEntry[]; sandbox: Sandbox; gone: string[] } | null> {
  const cutOff = attachedOf(deps, sandbox.containerId).filter(({ endpoint }) => endpoint.changing);
  if (cutOff.length === 0) return null;
  const before = describeSandbox(deps, sandbox).hostsEntries;
  for (const one of cutOff) await takeOff(deps, sandbox, one);
  return { before, sandbox: describeSandbox(deps, sandbox), gone: cutOff.map(({ network }) => network.Name) };
}

/** Runs a transaction; addresses that a plugin has chosen for it are given back where it fails. */
async function orGiveBack<T>(
  deps: NetworkDeps,
  network: NetworkRecord,
  given: GivenAddresses | null,
  work: () => T,
): Promise<T> {
  try {
    return deps.store.transaction(work)();
  } catch (error) {
    if (given) await releaseAddresses(deps, network, given);
    throw error;
  }
}

/** Marks the endpoint as being changed: after a crash the next daemon removes it. */
function begin(deps: NetworkDeps, endpoint: EndpointRecord, changing: "joins" | "leaves"): EndpointRecord {
  updateEndpoint(deps.store, { ...endpoint, changing });
  return endpoint;
}

/** Removes all of an endpoint, its row last: so the row exists for as long as anything of the endpoint does. */
async function takeOff(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  { network, endpoint, driver }: Attached,
  settle?: Settle,
): Promise<void> {
  const { containerId } = sandbox;
  begin(deps, endpoint, "leaves");
  const before = attachedOf(deps, containerId);
  const after = before.filter((one) => one.endpoint.id !== endpoint.id);
  const ranges = publishedPorts(deps.store, containerId);
  await movePorts(deps, firewallPorts(deps, sandbox, before, ranges), firewallPorts(deps, sandbox, after, ranges));
  if (driver.gives === "interface") {
    using open = openNetns(new Netns(netnsPath(deps, containerId)));
    driver.detach(deps, network, endpoint);
    if (driver.plugin || network.pools) await leaveAtPlugin(deps, network, endpoint, open);
    driver.withdraw(endpoint, open);
    setDefaultRoutes(open, after, false);
  }
  const published = after.some((one) => one.driver.publishesPorts);
  deps.store.transaction(() => {
    deleteEndpoint(deps.store, endpoint.id);
    if (!published) deletePublishedPorts(deps.store, containerId);
    settle?.(describeSandbox(deps, sandbox));
  })();
  if (!published) deps.live.ports.release(containerId);
  adjustNameService(deps, sandbox, true);
  adjustBalance(deps, containerId, false);
}

type Member = Pick<Attached, "network" | "driver">;

/** Throws, in Docker's words, where a container on `current` cannot be on `wanted` too. */
function checkCompatible(current: readonly Member[], wanted: Member, hostMode: boolean): void {
  if (wanted.network.ConfigOnly) throw forbidden("cannot create endpoint on configuration-only network");
  if (wanted.driver.gives === "host" && !hostMode) {
    throw invalid("cannot connect container to host network - container must be created in host network mode");
  }
  if (hostMode || current.some(({ driver }) => driver.gives === "host")) {
    throw invalid(
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  }
  if (current.length > 0 && [...current, wanted].some(({ driver }) => driver.gives === "nothing")) {
    throw invalid("container cannot be connected to multiple networks with one of the networks in private (none) mode");
  }
}

/** Makes published ports lead to where the container's endpoints are now. */
async function movePorts(deps: NetworkDeps, before: FirewallPort[], after: FirewallPort[]): Promise<void> {
  if (JSON.stringify(before) !== JSON.stringify(after)) await changePorts(deps, before, after);
}

function requireSandbox(deps: NetworkDeps, containerId: string): SandboxRecord {
  const sandbox = sandboxOf(deps.store, containerId);
  if (!sandbox) throw notFound(`network sandbox for container ${containerId} not found`);
  return sandbox;
}

async function attach(
  deps: NetworkDeps,
  sandbox: SandboxRecord,
  { network, endpoint, driver }: Attached,
  all: readonly Attached[],
  published: boolean,
): Promise<void> {
  if (driver.gives !== "interface") return;
  using open = openNetns(new Netns(netnsPath(deps, sandbox.containerId)));
  if (driver.plugin) {
    const taken = all.filter((one) => one.endpoint !== endpoint).map((one) => one.endpoint.interfaceName);
    await joinAtPlugin(deps, sandbox, network, endpoint, open, taken);
  } else {
    driver.attach(deps, network, endpoint, open, published);
    configureInterface(open, endpoint);
  }
  setDefaultRoutes(open, all, false);
}
