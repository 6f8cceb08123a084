import type { Filters } from "../api/filters.ts";
import { untilOf } from "../api/until-filter.ts";
import type { NetworkDeps } from "./deps.ts";
import { isDangling } from "./filter.ts";
import { removeRecord } from "./remove.ts";
import { allNetworks } from "./table.ts";

/** `POST /networks/prune`: removes what no running container uses. */
export async function pruneNetworks(
  deps: NetworkDeps,
  filters: Filters,
): Promise<{ NetworksDeleted: string[] | null }> {
  filters.validate(["label", "label!", "until"]);
  const before = untilOf(filters);

  using _lock = await deps.live.networkLocks.acquire("networks");
  const deleted: string[] = [];
  for (const network of allNetworks(deps.store)) {
    const old = before === null || BigInt(Date.parse(network.Created)) * 1_000_000n <= before;
    if (!old || network.ConfigOnly || !isDangling(deps, network) || !filters.matchPruneLabels(network.Labels)) continue;
    await removeRecord(deps, network);
    deleted.push(network.Name);
  }
  deps.events.publish("network", "prune", { ID: "", Attributes: { reclaimed: "0" } });
  return { NetworksDeleted: deleted.length > 0 ? deleted : null };
}
