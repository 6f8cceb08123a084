import { forbidden } from "../lib/errors.ts";
import { shortId } from "../lib/ids.ts";
import type { NetworkContext } from "./context.ts";
import { driverOf } from "./driver/driver.ts";
import { publishNetworkEvent } from "./events.ts";
import { changeNetwork } from "./firewall/changes.ts";
import { forgetBridge } from "./firewall/foreign.ts";
import { isPredefined, type NetworkRecord } from "./record.ts";
import { resolveNetwork } from "./resolve.ts";
import { allNetworks, deleteNetwork, endpointsOfNetwork, sandboxOf } from "./table.ts";

/** `DELETE /networks/{id}`. Refused while a running container is on it. */
export async function removeNetwork(ctx: NetworkContext, ref: string): Promise<void> {
  using _lock = await ctx.live.networkLocks.acquire("networks");
  const network = resolveNetwork(ctx, ref);
  if (isPredefined(network.Name)) throw forbidden(`${network.Name} is a pre-defined network and cannot be removed`);
  await removeRecord(ctx, network);
}

/** For who holds the lock of networks already. */
export async function removeRecord(ctx: NetworkContext, network: NetworkRecord): Promise<void> {
  if (network.ConfigOnly && allNetworks(ctx.store).some(({ ConfigFrom }) => ConfigFrom.Network === network.Name)) {
    throw forbidden(`configuration network ${JSON.stringify(network.Name)} is in use`);
  }
  // Looked at and deleted in one go: nothing can move in between.
  ctx.store.transaction(() => {
    const active = endpointsOfNetwork(ctx.store, network.Id).map(({ containerId }) => {
      return `name:${JSON.stringify(sandboxOf(ctx.store, containerId)?.name ?? "")} id:${JSON.stringify(shortId(containerId))}`;
    });
    if (active.length > 0) throw forbidden(`error while removing network: network ${network.Name} has active endpoints (${active.join(", ")})`);
    deleteNetwork(ctx.store, network.Id);
  })();
  const driver = driverOf(network);
  if (driver && !network.ConfigOnly) {
    driver.remove(ctx, network);
    await changeNetwork(ctx, "delete", network);
    const bridge = driver.firewall(network)?.bridge;
    if (bridge) await forgetBridge(ctx, bridge);
  }
  publishNetworkEvent(ctx, "destroy", network);
}
