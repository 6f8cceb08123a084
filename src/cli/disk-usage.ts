/** Reads the answers of `/system/df`: sums by the client up to API 1.51, by the engine from 1.52 on. */
import type { BuildCache } from "../api/types/build.ts";
import type { ContainerSummary } from "../api/types/container.ts";
import type { ImageSummary } from "../api/types/image.ts";
import type { Volume } from "../api/types/volume.ts";
import type { DiskUsage, Usage } from "./format/disk-usage.ts";

/** An answer of either kind; every part may be missing. */
export interface DiskUsageAnswer {
  LayersSize?: number;
  Images?: ImageSummary[] | null;
  Containers?: ContainerSummary[] | null;
  Volumes?: Volume[] | null;
  BuildCache?: BuildCache[] | null;
  ImageUsage?: UsageAnswer<ImageSummary>;
  ContainerUsage?: UsageAnswer<ContainerSummary>;
  VolumeUsage?: UsageAnswer<Volume>;
  BuildCacheUsage?: UsageAnswer<BuildCache>;
}

interface UsageAnswer<T> {
  ActiveCount?: number;
  TotalCount?: number;
  Reclaimable?: number;
  TotalSize?: number;
  Items?: T[] | null;
}

export function readDiskUsage(answer: DiskUsageAnswer): DiskUsage {
  const isNew =
    answer.ImageUsage !== undefined ||
    answer.ContainerUsage !== undefined ||
    answer.VolumeUsage !== undefined ||
    answer.BuildCacheUsage !== undefined;
  if (isNew) {
    return {
      images: summed(answer.ImageUsage),
      containers: summed(answer.ContainerUsage),
      volumes: summed(answer.VolumeUsage),
      buildCache: summed(answer.BuildCacheUsage),
    };
  }
  return {
    images: images(answer.Images ?? [], answer.LayersSize ?? 0),
    containers: containers(answer.Containers ?? []),
    volumes: volumes(answer.Volumes ?? []),
    buildCache: buildCache(answer.BuildCache ?? []),
  };
}

function summed<T>({
  ActiveCount = 0,
  TotalCount = 0,
  Reclaimable = 0,
  TotalSize = 0,
  Items,
}: UsageAnswer<T> = {}): Usage<T> {
  return { total: TotalCount, active: ActiveCount, size: TotalSize, reclaimable: Reclaimable, items: Items ?? [] };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

function images(items: readonly ImageSummary[], size: number): Usage<ImageSummary> {
  const used = items
    .filter(({ Containers, Size, SharedSize }) => Containers !== 0 && Size !== -1 && SharedSize !== -1)
    .map(({ Size, SharedSize }) => Size - SharedSize);
  return {
    total: items.length,
    active: items.filter(({ Containers }) => Containers > 0).length,
    size,
    reclaimable: size - sum(used),
    items,
  };
}

function containers(items: readonly ContainerSummary[]): Usage<ContainerSummary> {
  const isActive = ({ State }: ContainerSummary) => State === "running" || State === "paused" || State === "restarting";
  const size = ({ SizeRw }: ContainerSummary) => SizeRw ?? 0;
  return {
    total: items.length,
    active: items.filter(isActive).length,
    size: sum(items.map(size)),
    reclaimable: sum(items.filter((item) => !isActive(item)).map(size)),
    items,
  };
}

function volumes(items: readonly Volume[]): Usage<Volume> {
  const known = items.flatMap(({ UsageData }) => (UsageData && UsageData.Size !== -1 ? [UsageData] : []));
  return {
    total: items.length,
    active: items.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0).length,
    size: sum(known.map(({ Size }) => Size)),
    reclaimable: sum(known.filter(({ RefCount }) => RefCount === 0).map(({ Size }) => Size)),
    items,
  };
}

function buildCache(items: readonly BuildCache[]): Usage<BuildCache> {
  const own = items.filter(({ Shared }) => !Shared);
  const size = sum(own.map(({ Size }) => Size ?? 0));
  const used = sum(own.filter(({ InUse }) => InUse).map(({ Size }) => Size ?? 0));
  return {
    total: items.length,
    active: items.filter(({ InUse }) => InUse).length,
    size,
    reclaimable: size - used,
    items,
  };
}
