import type { BuildCacheDiskUsage } from "../../api/types/build.ts";
import { listCache } from "../../build/prune.ts";
import { containersDiskUsage } from "../../container/disk-usage.ts";
import { imagesDiskUsage } from "../../image/disk-usage.ts";
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
    types.has("image") ? imagesDiskUsage(ctx.images) : null,
    types.has("container") ? containersDiskUsage(ctx.containers) : null,
    types.has("volume") ? volumesDiskUsage(ctx.volumes) : null,
    types.has("build-cache") ? buildCacheUsage(ctx) : null,
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

async function buildCacheUsage({ build }: ServerContext): Promise<BuildCacheDiskUsage> {
  const items = await listCache(build);
  const sum = (list: typeof items) => list.reduce((total, { Size = 0 }) => total + Size, 0);
  const idle = items.filter(({ InUse }) => !InUse);
  return { ActiveCount: items.length - idle.length, TotalCount: items.length, TotalSize: sum(items), Reclaimable: sum(idle.filter(({ Shared }) => !Shared)), Items: items };
}
