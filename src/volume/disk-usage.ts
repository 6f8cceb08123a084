import type { Volume, VolumesDiskUsage } from "../api/types/volume.ts";
import type { VolumeDeps } from "./deps.ts";
import { describeVolume } from "./describe.ts";
import { allVolumes, referenceCounts, volumeByName } from "./table.ts";

/** Volumes with their sizes. Those that are stored elsewhere are left out. */
export async function volumesDiskUsage(deps: VolumeDeps): Promise<VolumesDiskUsage & { Items: Volume[] }> {
  const counts = referenceCounts(deps.store);
  const items: Volume[] = [];
  for (const volume of allVolumes(deps.store)) {
    const size = await deps.drivers.builtin.get(volume.driver)?.size(volume.name, volume.options ?? {});
    if (size == null) continue;
    const described = await describeVolume(deps, volume);
    // Removed meanwhile.
    if (!volumeByName(deps.store, volume.name)) continue;
    items.push({ ...described, UsageData: { Size: size, RefCount: counts.get(volume.name) ?? 0 } });
  }
  const isActive = (item: Volume) => (item.UsageData?.RefCount ?? 0) > 0;
  const sizeOf = (list: Volume[]) => list.reduce((sum, item) => sum + (item.UsageData?.Size ?? 0), 0);
  return {
    ActiveCount: items.filter(isActive).length,
    TotalCount: items.length,
    TotalSize: sizeOf(items),
    Reclaimable: sizeOf(items.filter((item) => !isActive(item))),
    Items: items,
  };
}
