import { noFilters, type Filters } from "../api/filters.ts";
import { parseTime } from "../api/timestamps.ts";
import { rootfsUsage } from "../image/rootfs.ts";
import { conflict, errorMessage, invalid } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { isRunning } from "./record.ts";
import { removeContainer } from "./remove.ts";
import { allContainers } from "./table.ts";

export interface PruneReport {
  ContainersDeleted: string[] | null;
  /** Bytes. */
  SpaceReclaimed: number;
}

/** Removes containers that do not run: of those that match `label`, not `label!`, and were created before `until`. */
export async function pruneContainers(ctx: ContainerContext, filters: Filters = noFilters): Promise<PruneReport> {
  filters.validate(["label", "label!", "until"]);
  const until = untilOf(filters);
  if (ctx.live.pruning) throw conflict("a prune operation is already running");
  ctx.live.pruning = true;
  try {
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const c of allContainers(ctx.store)) {
      if (isRunning(c.state) || c.state.phase === "creating" || c.state.phase === "starting") continue;
      if (until !== null && Date.parse(c.created) > until) continue;
      if (!filters.matchPruneLabels(c.spec.config.Labels)) continue;
      try {
        const { rw } = await rootfsUsage(ctx.images, c.id);
        await removeContainer(ctx, c.id);
        reclaimed += rw;
        deleted.push(c.id);
      } catch (error) {
        ctx.log.warn("cannot prune a container", { container: c.id, error: errorMessage(error) });
      }
    }
    ctx.events.publish("container", "prune", { ID: "", Attributes: { reclaimed: String(reclaimed) } });
    return { ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
  } finally {
    ctx.live.pruning = false;
  }
}

/** Unix milliseconds, null without the filter. */
export function untilOf(filters: Filters): number | null {
  const values = filters.get("until");
  if (values.length > 1) throw invalid("more than one until filter specified");
  return values[0] === undefined ? null : Number(parseTime(values[0]) / 1_000_000n);
}
