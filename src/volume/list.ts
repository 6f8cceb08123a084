import { type Filters, noFilters } from "../api/filters.ts";
import type { VolumeListResponse } from "../api/types/volume.ts";
import type { VolumeDeps } from "./deps.ts";
import { describeVolume } from "./describe.ts";
import { allVolumes, referenceCounts, type VolumeRecord } from "./table.ts";

/** Volumes by name. `dangling` ones are those that no container refers to. */
export async function listVolumes(
  deps: VolumeDeps,
  filters: Filters = noFilters,
): Promise<Required<VolumeListResponse>> {
  filters.validate(["dangling", "name", "driver", "label"]);
  const include = await compileVolumeFilter(deps, filters);
  return {
    Volumes: await Promise.all(
      allVolumes(deps.store)
        .filter(include)
        .map((volume) => describeVolume(deps, volume)),
    ),
    Warnings: null,
  };
}

async function compileVolumeFilter(deps: VolumeDeps, filters: Filters): Promise<(volume: VolumeRecord) => boolean> {
  const named = await filters.matcher("name");
  const dangling = filters.has("dangling") ? filters.matchBool("dangling", false) : null;
  const counts = dangling === null ? new Map<string, number>() : referenceCounts(deps.store);
  return (volume) =>
    filters.matchExact("driver", volume.driver) &&
    named(volume.name) &&
    filters.matchLabels(volume.labels) &&
    (dangling === null || dangling === ((counts.get(volume.name) ?? 0) === 0));
}
