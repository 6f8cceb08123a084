import { removeNetns } from "../linux/namespace.ts";
import type { NetworkContext } from "./context.ts";
import { stopNameService } from "./dns/service.ts";
import { driverOf } from "./driver/driver.ts";
import { publishNetworkEvent } from "./events.ts";
import { attachedOf, firewallPorts } from "./publish.ts";
import { changePorts } from "./firewall/changes.ts";
import { netnsPath } from "./sandbox.ts";
import { deletePublishedPorts, deleteSandbox, publishedPorts, sandboxOf } from "./table.ts";

/** Removes all that `setUpSandbox` made, also after a crash half way. Nothing there: does nothing. */
export async function tearDownSandbox(ctx: NetworkContext, containerId: string): Promise<void> {
  using _lock = await ctx.live.sandboxLocks.acquire(containerId);
  const attached = attachedOf(ctx, containerId);
  await releaseSandbox(ctx, containerId);
  for (const { network } of attached) publishNetworkEvent(ctx, "disconnect", network, { container: containerId });
}

/** As {@link tearDownSandbox}, for who holds the container's lock already; tells nobody. */
export async function releaseSandbox(ctx: NetworkContext, containerId: string): Promise<void> {
  const attached = attachedOf(ctx, containerId);
  const ranges = publishedPorts(ctx.store, containerId);
  // The firewall goes first: until then the addresses must not be anyone else's.
  deletePublishedPorts(ctx.store, containerId);
  const sandbox = sandboxOf(ctx.store, containerId);
  if (sandbox) await changePorts(ctx, firewallPorts(sandbox, attached, ranges), []);
  ctx.live.ports.release(containerId);
  stopNameService(ctx, containerId);
  for (const { network, endpoint } of attached) driverOf(network)?.detach(ctx, network, endpoint);
  removeNetns(netnsPath(ctx, containerId));
  deleteSandbox(ctx.store, containerId);
}
