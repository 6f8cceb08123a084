import type { Filters } from "../api/filters.ts";
import { untilOf } from "../api/until-filter.ts";
import type { NetworkDeps } from "./deps.ts";
import { isDangling } from "./filter.ts";
import { forgetAtPlugins } from "./plugin/network.ts";
import type { NetworkRecord } from "./record.ts";
import { removeRecord } from "./remove.ts";
import { allNetworks } from "./table.ts";

/** `POST /networks/prune`: removes what no running container uses. */
export async function pruneNetworks(
  deps: NetworkDeps,
  filters: Filters,
): Promise<{ NetworksDeleted: string[] | null }> {
  filters.validate(["label", "label!", "until"]);
  const before = untilOf(filters);

  const removed: NetworkRecord[] = [];
  await removeUnused(deps, filters, before, removed);
  for (const network of removed) await forgetAtPlugins(deps, network);
  deps.events.publish("network", "prune", { ID: "", Attributes: { reclaimed: "0" } });
  return { NetworksDeleted: removed.length > 0 ? removed.map(({ Name }) => Name) : null };
}

async function removeUnused(
  deps: NetworkDeps,
  filters: Filters,
  before: bigint | null,
  removed: NetworkRecord[],
): Promise<void> {
  using _lock = await deps.live.networkLocks.acquire("networks");
  for (const network of allNetworks(deps.store)) {
    const old = before === null || BigInt(Date.parse(network.Created)) * 1_000_000n <= before;
    if (!old || network.ConfigOnly || !isDangling(deps, network) || !filters.matchPruneLabels(network.Labels)) continue;
    await removeRecord(deps, network);
    removed.push(network);
  }
}
