import type { NetworkDeps } from "../deps.ts";
import { isDangling } from "../filter.ts";
import type { NetworkRecord } from "../record.ts";
import { allNetworks } from "../table.ts";

/** Networks of a cluster that no container of this machine is on. */
export const unusedClusterNetworks = (deps: NetworkDeps): NetworkRecord[] =>
  allNetworks(deps.store).filter((network) => network.Scope === "swarm" && isDangling(deps, network));
