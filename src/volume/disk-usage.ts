import type { Volume, VolumesDiskUsage } from "../api/types/volume.ts";
import type { VolumeContext } from "./context.ts";
import { describeVolume } from "./describe.ts";
import { allVolumes, referenceCounts } from "./table.ts";
import { directorySize } from "./size.ts";

/** Local volumes with their sizes. Those that mount something else are left out: that is stored elsewhere. */
export async function volumesDiskUsage(ctx: VolumeContext): Promise<VolumesDiskUsage & { Items: Volume[] }> {
  const counts = referenceCounts(ctx.store);
  const items: Volume[] = [];
  for (const volume of allVolumes(ctx.store)) {
    if (volume.driver !== "local" || Object.keys(volume.options).length > 0) continue;
    const described = describeVolume(ctx, volume);
    items.push({ ...described, UsageData: { Size: await directorySize(described.Mountpoint), RefCount: counts.get(volume.name) ?? 0 } });
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
