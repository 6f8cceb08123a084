import type { Filters } from "../api/filters.ts";
import { parseTime } from "../api/timestamps.ts";
import { invalid } from "../lib/errors.ts";
import type { NetworkContext } from "./context.ts";
import { isDangling } from "./filter.ts";
import { removeRecord } from "./remove.ts";
import { allNetworks } from "./table.ts";

/** `POST /networks/prune`: removes what no running container uses. */
export async function pruneNetworks(ctx: NetworkContext, filters: Filters): Promise<{ NetworksDeleted: string[] }> {
  filters.validate(["label", "label!", "until"]);
  const [until, ...others] = filters.get("until");
  if (others.length > 0) throw invalid("more than one until filter specified");
  const before = until === undefined ? null : parseTime(until);

  using _lock = await ctx.live.networkLocks.acquire("networks");
  const deleted: string[] = [];
  for (const network of allNetworks(ctx.store)) {
    const old = before === null || BigInt(Date.parse(network.Created)) * 1_000_000n <= before;
    if (!old || network.ConfigOnly || !isDangling(ctx, network) || !filters.matchPruneLabels(network.Labels)) continue;
    await removeRecord(ctx, network);
    deleted.push(network.Name);
  }
  ctx.events.publish("network", "prune", { ID: "", Attributes: { reclaimed: "0" } });
  return { NetworksDeleted: deleted };
}
