import type { NetworkDeps } from "./deps.ts";
import { driverOf } from "./driver/driver.ts";
import { bridgesOf } from "./firewall/bridges.ts";
import { dropFirewall } from "./firewall/changes.ts";
import { withdrawFromForeign } from "./firewall/foreign.ts";
import { routeLoopback } from "./firewall/loopback.ts";
import { sweepLingering } from "./sandbox/lingering.ts";
import { releaseSandbox } from "./sandbox/tear-down.ts";
import { allNetworks, allSandboxes } from "./table.ts";

/**
 * Takes everything of this engine's networks out of the kernel, sandboxes included. The networks stay in the database
 * and come back with `startNetworks`. For engines that leave the machine, and for tests.
 */
export async function dismantleNetworks(deps: NetworkDeps): Promise<void> {
  deps.live.firewallWatch?.[Symbol.dispose]();
  for (const { containerId } of allSandboxes(deps.store)) await releaseSandbox(deps, containerId);
  routeLoopback(bridgesOf(deps), false);
  for (const network of allNetworks(deps.store)) driverOf(deps, network).remove(deps, network);
  await withdrawFromForeign(deps);
  await dropFirewall(deps);
  sweepLingering(deps);
  deps.live[Symbol.dispose]();
}
