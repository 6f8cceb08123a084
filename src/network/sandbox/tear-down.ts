import { existsSync } from "node:fs";
import { Netns, removeNetns } from "../../linux/namespace.ts";
import type { NetworkDeps } from "../deps.ts";
import { stopNameService } from "../dns/service.ts";
import { publishNetworkEvent } from "../events.ts";
import { changePorts } from "../firewall/changes.ts";
import { leaveAtPlugin } from "../plugin/endpoint.ts";
import { attachedOf, firewallPorts } from "../ports/publish.ts";
import { deletePublishedPorts, deleteSandbox, publishedPorts, sandboxOf } from "../table.ts";
import { type Attached, openNetns } from "./interface.ts";
import { netnsPath } from "./sandbox.ts";

/** Removes all that `setUpSandbox` made, also after a crash half way. Does nothing where there is nothing. */
export async function tearDownSandbox(deps: NetworkDeps, containerId: string): Promise<void> {
  using _lock = await deps.live.sandboxLocks.acquire(containerId);
  const attached = attachedOf(deps, containerId);
  await releaseSandbox(deps, containerId);
  for (const { network } of attached) publishNetworkEvent(deps, "disconnect", network, { container: containerId });
}

/** As {@link tearDownSandbox}, for callers that hold the container's lock already; publishes no events. */
export async function releaseSandbox(deps: NetworkDeps, containerId: string): Promise<void> {
  const attached = attachedOf(deps, containerId);
  const ranges = publishedPorts(deps.store, containerId);
  // The firewall is changed first: while its rules stand, no other container may get the addresses.
  deletePublishedPorts(deps.store, containerId);
  const sandbox = sandboxOf(deps.store, containerId);
  if (sandbox) await changePorts(deps, firewallPorts(deps, sandbox, attached, ranges), []);
  deps.live.ports.release(containerId);
  stopNameService(deps, containerId);
  deps.live.balanced.delete(containerId);
  for (const { network, endpoint, driver } of attached) driver.detach(deps, network, endpoint);
  await leavePlugins(deps, containerId, attached);
  removeNetns(netnsPath(deps, containerId));
  deleteSandbox(deps.store, containerId);
}

/** While the namespace is there still: plugins get their interfaces back. */
async function leavePlugins(deps: NetworkDeps, containerId: string, attached: readonly Attached[]): Promise<void> {
  const known = attached.filter(({ network, driver }) => driver.plugin || network.pools);
  if (known.length === 0) return;
  const path = netnsPath(deps, containerId);
  using open = existsSync(path) ? openNetns(new Netns(path)) : null;
  for (const { network, endpoint } of known) await leaveAtPlugin(deps, network, endpoint, open);
}
