import type { BuildCacheDiskUsage } from "../../api/types/build.ts";
import { listCache } from "../../builder/cache/prune.ts";
import { containersDiskUsage } from "../../container/view/disk-usage.ts";
import { imagesDiskUsage } from "../../image/view/disk-usage.ts";
import { volumesDiskUsage } from "../../volume/disk-usage.ts";
import type { ServerDeps } from "../deps.ts";

/** The values of the `type` parameter of `GET /system/df`. */
export const diskUsageTypes = ["container", "image", "volume", "build-cache"] as const;
/** One value of the `type` parameter of `GET /system/df`. */
export type DiskUsageType = (typeof diskUsageTypes)[number];

/** How much `GET /system/df` tells, and of what. */
export interface DiskUsageOptions {
  types: ReadonlySet<DiskUsageType>;
  /** List every object in the usage of its kind. */
  verbose: boolean;
  /** Add the lists as they were before API 1.52. */
  legacy: boolean;
}

/** The answer of `GET /system/df`. */
export async function diskUsage(
  deps: ServerDeps,
  { types, verbose, legacy }: DiskUsageOptions,
): Promise<Record<string, unknown>> {
  const [images, containers, volumes, cache] = await Promise.all([
    types.has("image") ? imagesDiskUsage(deps.images) : null,
    types.has("container") ? containersDiskUsage(deps.containers) : null,
    types.has("volume") ? volumesDiskUsage(deps.volumes) : null,
    types.has("build-cache") ? buildCacheUsage(deps) : null,
  ]);
  return {
    ...(legacy && images && { LayersSize: images.TotalSize ?? 0, Images: images.Items ?? [] }),
    ...(legacy && containers && { Containers: containers.Items ?? [] }),
    ...(legacy && volumes && { Volumes: volumes.Items ?? [] }),
    ...(legacy && cache && { BuildCache: cache.Items ?? [] }),
    ...(images && { ImageUsage: shown(images, verbose) }),
    ...(containers && { ContainerUsage: shown(containers, verbose) }),
    ...(volumes && { VolumeUsage: shown(volumes, verbose) }),
    ...(cache && { BuildCacheUsage: shown(cache, verbose) }),
  };
}

function shown<T extends { Items?: unknown[] }>(usage: T, verbose: boolean): Omit<T, "Items"> {
  if (verbose) return usage;
  const { Items: _items, ...sums } = usage;
  return sums;
}

/** What images share with the cache is theirs: it counts once, among them. */
async function buildCacheUsage({ build }: ServerDeps): Promise<BuildCacheDiskUsage> {
  const items = await listCache(build);
  const sum = (list: typeof items) => list.reduce((total, { Size = 0 }) => total + Size, 0);
  const own = items.filter(({ Shared }) => !Shared);
  const idle = own.filter(({ InUse }) => !InUse);
  return {
    ActiveCount: items.filter(({ InUse }) => InUse).length,
    TotalCount: items.length,
    TotalSize: sum(own),
    Reclaimable: sum(idle),
    Items: items,
  };
}
