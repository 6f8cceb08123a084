import { type Filters, noFilters } from "../api/filters.ts";
import { conflict, errorMessage, invalid } from "../lib/errors.ts";
import { goBoolean } from "../lib/go-boolean.ts";
import { quote } from "../lib/go-quote.ts";
import type { VolumeDeps } from "./deps.ts";
import { removeVolume } from "./remove.ts";
import { allVolumes, referenceCounts } from "./table.ts";

const pruneLock = " prune";

/** Names of the volumes that were deleted, and the space that this freed. The API's answer. */
export interface VolumePruneReport {
  VolumesDeleted: string[];
  /** Bytes. */
  SpaceReclaimed: number;
}

/**
 * Removes volumes of this machine that no container refers to: anonymous ones, with the filter `all=true` named ones
 * too.
 */
export async function pruneVolumes(deps: VolumeDeps, filters: Filters = noFilters): Promise<VolumePruneReport> {
  filters.validate(["label", "label!", "all"]);
  const all = askedForAll(filters);
  // No volume has a name that begins with a blank.
  if (deps.locks.isHeld(pruneLock)) throw conflict("a prune operation is already running");
  using _ = await deps.locks.acquire(pruneLock);

  const counts = referenceCounts(deps.store);
  const report: VolumePruneReport = { VolumesDeleted: [], SpaceReclaimed: 0 };
  for (const volume of allVolumes(deps.store)) {
    const driver = deps.drivers.builtin.get(volume.driver);
    if (counts.has(volume.name) || !driver?.prunable(volume.options ?? {})) continue;
    if ((!all && !volume.anonymous) || !filters.matchPruneLabels(volume.labels)) continue;
    try {
      const size = (await driver.size(volume.name, volume.options ?? {})) ?? 0;
      await removeVolume(deps, volume.name);
      report.VolumesDeleted.push(volume.name);
      report.SpaceReclaimed += size;
    } catch (error) {
      deps.log.warn("cannot remove volume", { volume: volume.name, error: errorMessage(error) });
    }
  }
  deps.events.publish("volume", "prune", { ID: "", Attributes: { reclaimed: String(report.SpaceReclaimed) } });
  return report;
}

/** Unlike other filters, one that Go's `strconv.ParseBool` reads. */
function askedForAll(filters: Filters): boolean {
  const [value, ...others] = filters.get("all");
  if (value === undefined) return false;
  if (others.length > 0)
    throw invalid(`invalid filter 'all=[${filters.get("all").join(" ")}]': only one value is expected`);
  const all = goBoolean(value);
  if (all === null) throw invalid(`invalid filter 'all': strconv.ParseBool: parsing ${quote(value)}: invalid syntax`);
  return all;
}
