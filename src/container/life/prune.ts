import { type Filters, noFilters } from "../../api/filters.ts";
import { untilOf } from "../../api/until-filter.ts";
import { conflict, errorMessage } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { countsAsRunning } from "../record.ts";
import { allContainers } from "../table.ts";
import { removeContainer } from "./remove.ts";

/** The answer of `POST /containers/prune`. `ContainersDeleted`: full ids; null: none was removed. */
export interface PruneReport {
  ContainersDeleted: string[] | null;
  /** Bytes. */
  SpaceReclaimed: number;
}

/** Removes containers that do not run: of those that match `label`, not `label!`, and were created before `until`. */
export async function pruneContainers(deps: ContainerDeps, filters: Filters = noFilters): Promise<PruneReport> {
  filters.validate(["label", "label!", "until"]);
  const until = untilOf(filters);
  if (deps.live.pruning) throw conflict("a prune operation is already running");
  deps.live.pruning = true;
  try {
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const c of allContainers(deps.store)) {
      if (countsAsRunning(c.state) || c.state.phase === "creating" || c.state.phase === "starting") continue;
      if (until !== null && BigInt(Date.parse(c.created)) * 1_000_000n > until) continue;
      if (!filters.matchPruneLabels(c.spec.config.Labels)) continue;
      try {
        const { rw } = await deps.rootfs.usage(c.id);
        await removeContainer(deps, c.id);
        reclaimed += rw;
        deleted.push(c.id);
      } catch (error) {
        deps.log.warn("cannot prune a container", { container: c.id, error: errorMessage(error) });
      }
    }
    deps.events.publish("container", "prune", { ID: "", Attributes: { reclaimed: String(reclaimed) } });
    return { ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
  } finally {
    deps.live.pruning = false;
  }
}
