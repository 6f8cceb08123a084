import type { BuildCacheDiskUsage } from "../../api/types/build.ts";
import { containersDiskUsage } from "../../container/disk-usage.ts";
import type { ImagesDiskUsage } from "../../api/types/image.ts";
import { volumesDiskUsage } from "../../volume/disk-usage.ts";
import type { ServerContext } from "../context.ts";

export const diskUsageTypes = ["container", "image", "volume", "build-cache"] as const;
export type DiskUsageType = (typeof diskUsageTypes)[number];

export interface DiskUsageOptions {
  types: ReadonlySet<DiskUsageType>;
  /** List every object in the usage of its kind. */
  verbose: boolean;
  /** Add the lists as they were before API 1.52. */
  legacy: boolean;
}

/** `GET /system/df`. */
export async function diskUsage(ctx: ServerContext, { types, verbose, legacy }: DiskUsageOptions): Promise<Record<string, unknown>> {
  const [images, containers, volumes, cache] = await Promise.all([
    types.has("image") ? ({} as ImagesDiskUsage) : null,
    types.has("container") ? containersDiskUsage(ctx.containers) : null,
    types.has("volume") ? volumesDiskUsage(ctx.volumes) : null,
    types.has("build-cache") ? buildCacheUsage() : null,
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

function buildCacheUsage(): BuildCacheDiskUsage {
  return { ActiveCount: 0, TotalCount: 0, Reclaimable: 0, TotalSize: 0, Items: [] };
}
