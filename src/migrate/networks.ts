import { EngineError } from "../lib/errors.ts";
import { createNetwork } from "../network/create.ts";
import { findNetwork } from "../network/resolve.ts";
import type { MigrateDeps } from "./deps.ts";
import { type DockerNetwork, readNetworks } from "./docker/networks.ts";
import type { DockerRoot } from "./docker/root.ts";
import { keyOf, type Step } from "./step.ts";

/** The networks that users of a data root have made. */
export function networkSteps(deps: MigrateDeps, root: DockerRoot): Step[] {
  const all = readNetworks(root);
  return all.map((network): Step => {
    const { id, name } = network;
    const here = findNetwork(deps.networks, name);
    const problem = here || findNetwork(deps.networks, id) ? undefined : problemOf(deps, network);
    const source = all.find((other) => other.name === network.request.ConfigFrom?.Network);
    return {
      item: {
        Kind: "network",
        Name: name,
        ID: id,
        State: here ? "present" : problem === undefined ? "take" : "cannot",
        Reason: here && here.Id !== id ? "another network here has this name" : (problem ?? ""),
        Copied: 0,
        Shared: 0,
      },
      names: [name, id],
      needs: source ? [keyOf("network", source.id)] : [],
      async take() {
        if (await takeNetwork(deps, network)) this.item.Reason = "its subnet is in use here: another was chosen";
      },
    };
  });
}

/** True where it could not have the subnets that Docker had chosen for it. */
async function takeNetwork({ networks }: MigrateDeps, network: DockerNetwork): Promise<boolean> {
  const { id, created, request, subnets } = network;
  try {
    await createNetwork(networks, request, { id, created, subnets });
    return false;
  } catch (error) {
    const isTaken = error instanceof EngineError && error.message.includes("Pool overlaps");
    // What a user has chosen is not replaced.
    if (!isTaken || (request.IPAM?.Config ?? []).length > 0) throw error;
    await createNetwork(networks, request, { id, created });
    return true;
  }
}

function problemOf({ networks }: MigrateDeps, { driver, scope, request }: DockerNetwork): string | undefined {
  if (scope === "swarm" || driver === "overlay") return "it belongs to a swarm";
  if (!request.ConfigOnly && !networks.drivers.builtin.has(driver)) return `its driver ${driver} is a plugin`;
  return undefined;
}
