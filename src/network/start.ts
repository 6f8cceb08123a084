import { errorMessage } from "../lib/errors.ts";
import type { NetworkDeps } from "./deps.ts";
import { driverOf } from "./driver/driver.ts";
import { rememberAdministrator } from "./firewall/administrator.ts";
import { bridgesOf } from "./firewall/bridges.ts";
import { rewriteFirewall } from "./firewall/changes.ts";
import { Firewalld } from "./firewall/firewalld.ts";
import { admitToForeign } from "./firewall/foreign.ts";
import { routeLoopback } from "./firewall/loopback.ts";
import { watchFirewall } from "./firewall/watch.ts";
import { enableForwarding } from "./forwarding.ts";
import { defaultBridge, onlyNetworks } from "./predefined.ts";
import { startRelay } from "./relay/start.ts";
import { allNetworks, deleteNetwork, endpointCount, networkByName, saveNetwork } from "./table.ts";

/** At boot, first: predefined networks, bridges, the nft table, IP forwarding. Touches no container. */
export async function startNetworks(deps: NetworkDeps): Promise<void> {
  for (const network of onlyNetworks(deps)) saveNetwork(deps.store, network);
  if (deps.bridge) saveNetwork(deps.store, defaultBridge(deps, deps.bridge));
  else forgetBridge(deps);

  for (const network of allNetworks(deps.store)) {
    try {
      driverOf(deps, network).ensure(deps, network);
    } catch (error) {
      // One broken network must not keep the others, or the daemon, from starting.
      if (network.Name === "bridge") throw error;
      deps.log.error("network could not be set up", { network: network.Name, error: errorMessage(error) });
    }
  }
  enableForwarding(deps);
  deps.live.relay ??= await startRelay(deps);
  deps.live.ports.own = { tcp: deps.live.relay?.tcp ?? 0, udp: deps.live.relay?.udp ?? 0 };
  deps.live.firewallWatch ??= await watchFirewall(deps);
  await rememberAdministrator(deps);
  await rewriteFirewall(deps);
  routeLoopback(bridgesOf(deps), true);
  await admitToForeign(deps);
  deps.live.firewalld ??= new Firewalld(deps);
  // Not waited for: bridges of an earlier daemon are still in firewalld's zone.
  void deps.live.firewalld.join();
}

/** The daemon was told to have no default bridge. Containers still on one from before keep it. */
function forgetBridge(deps: NetworkDeps): void {
  const before = networkByName(deps.store, "bridge");
  if (!before || endpointCount(deps.store, before.Id) > 0) return;
  routeLoopback(bridgesOf(deps, [before]), false);
  driverOf(deps, before).remove(deps, before);
  deleteNetwork(deps.store, before.Id);
}
