import { forbidden } from "../lib/errors.ts";
import { shortId } from "../lib/ids.ts";
import type { NetworkDeps } from "./deps.ts";
import { driverOf } from "./driver/driver.ts";
import { publishNetworkEvent } from "./events.ts";
import { bridgesOf } from "./firewall/bridges.ts";
import { changeNetwork } from "./firewall/changes.ts";
import { admitToForeign } from "./firewall/foreign.ts";
import { routeLoopback } from "./firewall/loopback.ts";
import { forgetAtPlugins } from "./plugin/network.ts";
import { isPredefined } from "./predefined.ts";
import type { NetworkRecord } from "./record.ts";
import { resolveNetwork } from "./resolve.ts";
import { allNetworks, deleteNetwork, endpointsOfNetwork, sandboxOf } from "./table.ts";

/** `DELETE /networks/{id}`. Refused while a running container is on it. */
export async function removeNetwork(deps: NetworkDeps, ref: string): Promise<void> {
  const network = await underLock(deps, async () => {
    const found = resolveNetwork(deps, ref);
    if (isPredefined(deps, found.Name)) throw forbidden(`${found.Name} is a pre-defined network and cannot be removed`);
    await removeRecord(deps, found);
    return found;
  });
  // Others need not wait for what it has to be told.
  await forgetAtPlugins(deps, network);
}

async function underLock<T>(deps: NetworkDeps, work: () => Promise<T>): Promise<T> {
  using _lock = await deps.live.networkLocks.acquire("networks");
  return await work();
}

/** As {@link removeNetwork}, for callers that hold the lock `networks`, and tell plugins themselves. */
export async function removeRecord(deps: NetworkDeps, network: NetworkRecord): Promise<void> {
  if (network.ConfigOnly && allNetworks(deps.store).some(({ ConfigFrom }) => ConfigFrom.Network === network.Name)) {
    throw forbidden(`error while removing network: configuration network ${JSON.stringify(network.Name)} is in use`);
  }
  // Without a wait between check and deletion, so that no container can join in between.
  deps.store.transaction(() => {
    const active = endpointsOfNetwork(deps.store, network.Id).map(({ containerId }) => {
      return (
        `name:${JSON.stringify(sandboxOf(deps.store, containerId)?.name ?? "")} ` +
        `id:${JSON.stringify(shortId(containerId))}`
      );
    });
    if (active.length > 0)
      throw forbidden(
        `error while removing network: network ${network.Name} has active endpoints (${active.join(", ")})`,
      );
    deleteNetwork(deps.store, network.Id);
  })();
  const driver = driverOf(deps, network);
  if (!network.ConfigOnly) {
    routeLoopback(bridgesOf(deps, [network]), false);
    driver.remove(deps, network);
    await changeNetwork(deps, "delete", network);
    const rules = driver.firewall(network);
    if (rules) await Promise.all([admitToForeign(deps), deps.live.firewalld?.forget(rules.bridge)]);
  }
  publishNetworkEvent(deps, "destroy", network);
}
