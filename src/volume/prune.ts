import { noFilters, type Filters } from "../api/filters.ts";
import { conflict, errorMessage, invalid } from "../lib/errors.ts";
import type { VolumeContext } from "./context.ts";
import { volumeDriver } from "./driver/driver.ts";
import { removeVolume } from "./remove.ts";
import { directorySize } from "./size.ts";
import { allVolumes, referenceCounts } from "./table.ts";

const pruneLock = " prune";

export interface VolumePruneReport {
  VolumesDeleted: string[];
  /** Bytes. */
  SpaceReclaimed: number;
}

/** Removes local volumes that no container refers to: anonymous ones, with the filter `all=true` named ones too. */
export async function pruneVolumes(ctx: VolumeContext, filters: Filters = noFilters): Promise<VolumePruneReport> {
  filters.validate(["label", "label!", "all"]);
  if (filters.get("all").length > 1) throw invalid(`invalid filter 'all=[${filters.get("all").join(" ")}]': only one value is expected`);
  const all = filters.matchBool("all", false);
  // No volume has a name that begins with a blank.
  if (ctx.locks.isHeld(pruneLock)) throw conflict("a prune operation is already running");
  using _ = await ctx.locks.acquire(pruneLock);

  const counts = referenceCounts(ctx.store);
  const report: VolumePruneReport = { VolumesDeleted: [], SpaceReclaimed: 0 };
  for (const volume of allVolumes(ctx.store)) {
    if (counts.has(volume.name) || volume.driver !== "local" || Object.keys(volume.options).length > 0) continue;
    if ((!all && !volume.anonymous) || !filters.matchPruneLabels(volume.labels)) continue;
    try {
      const size = await directorySize(volumeDriver(ctx, volume.driver).path(volume.name));
      await removeVolume(ctx, volume.name);
      report.VolumesDeleted.push(volume.name);
      report.SpaceReclaimed += size;
    } catch (error) {
      ctx.log.warn("cannot remove volume", { volume: volume.name, error: errorMessage(error) });
    }
  }
  ctx.events.publish("volume", "prune", { ID: "", Attributes: { reclaimed: String(report.SpaceReclaimed) } });
  return report;
}
