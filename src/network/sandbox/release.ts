import type { NetworkDeps } from "../deps.ts";
import { rememberAdministrator } from "../firewall/administrator.ts";
import { bridgesOf } from "../firewall/bridges.ts";
import { dropFirewall } from "../firewall/changes.ts";
import { routeLoopback } from "../firewall/loopback.ts";
import { allSandboxes } from "../table.ts";
import { sweepLingering } from "./lingering.ts";

/**
 * At the end of a daemon: removes what is left of containers that have ended. The firewall's table is removed too where
 * no running container is on a network, unless the machine's administrator has rules in it.
 */
export async function releaseNetworks(deps: NetworkDeps): Promise<void> {
  sweepLingering(deps);
  await rememberAdministrator(deps);
  if (allSandboxes(deps.store).length > 0 || deps.live.administrator !== "") return;
  routeLoopback(bridgesOf(deps), false);
  await dropFirewall(deps);
}
