import { noFilters, type Filters } from "../api/filters.ts";
import type { VolumeListResponse } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { describeVolume } from "./describe.ts";
import { allVolumes, referenceCounts, type VolumeRecord } from "./table.ts";

/** Volumes by name. `dangling` ones are those that no container refers to. */
export async function listVolumes(ctx: VolumeContext, filters: Filters = noFilters): Promise<Required<VolumeListResponse>> {
  filters.validate(["dangling", "name", "driver", "label"]);
  const include = compileVolumeFilter(ctx, filters);
  return { Volumes: allVolumes(ctx.store).filter(include).map((volume) => describeVolume(ctx, volume)), Warnings: [] };
}

function compileVolumeFilter(ctx: VolumeContext, filters: Filters): (volume: VolumeRecord) => boolean {
  const dangling = filters.has("dangling") ? filters.matchBool("dangling", false) : null;
  const counts = dangling === null ? new Map<string, number>() : referenceCounts(ctx.store);
  return (volume) =>
    filters.matchExact("driver", volume.driver) &&
    filters.matchPattern("name", volume.name) &&
    filters.matchLabels(volume.labels) &&
    (dangling === null || dangling === ((counts.get(volume.name) ?? 0) === 0));
}
