import type { NetworkDeps } from "../deps.ts";
import { driverOf } from "../driver/driver.ts";
import type { NetworkRecord } from "../record.ts";
import { allNetworks } from "../table.ts";

/** The bridges of the host that the firewall knows: of all networks, or of these. */
export const bridgesOf = (deps: NetworkDeps, networks: readonly NetworkRecord[] = allNetworks(deps.store)): string[] =>
  networks.flatMap((network) => driverOf(deps, network).firewall(network)?.bridge ?? []);
