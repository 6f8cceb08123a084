import { statfs } from "node:fs/promises";
import type { DiskUsageRequest, PruneRequest, UsageRecord } from "../../api/buildkit/control.ts";
import type { BuildCache } from "../../api/types/build.ts";
import { listCache, pruneCache } from "../../builder/cache/prune.ts";
import { compileUsageFilters, isMutable } from "../../builder/cache/usage-filter.ts";
import type { BuilderDeps } from "../../builder/deps.ts";
import type { Input } from "../../lib/protobuf.ts";
import { momentOf } from "./moment.ts";

/** What is in the build cache. */
export async function diskUsage(
  deps: BuilderDeps,
  { filter, ageLimit }: DiskUsageRequest,
): Promise<Input<typeof UsageRecord>[]> {
  const matches = await compileUsageFilters(filter);
  const since = unusedSince(ageLimit);
  const records = await listCache(deps);
  return records
    .filter(matches)
    .filter(({ LastUsedAt }) => !since || Date.parse(LastUsedAt ?? "") <= since.getTime())
    .map(recordOf);
}

/** Removes from the build cache, and says what. */
export async function prune(deps: BuilderDeps, request: PruneRequest): Promise<Input<typeof UsageRecord>[]> {
  const matches = await compileUsageFilters(request.filter);
  const { deleted } = await pruneCache(deps, {
    all: request.all,
    keepStorage: await bytesToKeep(deps, request),
    unusedSince: unusedSince(request.keepDuration),
    matches,
  });
  return deleted.map(recordOf);
}

const unusedSince = (nanoseconds: bigint): Date | undefined =>
  nanoseconds > 0n ? new Date(Date.now() - Number(nanoseconds / 1_000_000n)) : undefined;

/** As much as may be used and leaves free what is to be free, and what is reserved in any case. 0: nothing is kept. */
async function bytesToKeep(
  deps: BuilderDeps,
  { reservedSpace, maxUsedSpace, minFreeSpace }: PruneRequest,
): Promise<number> {
  if (minFreeSpace === 0) return Math.max(maxUsedSpace, reservedSpace);
  const { bavail, bsize } = await statfs(deps.dataRoot);
  const lacking = minFreeSpace - bavail * bsize;
  if (lacking <= 0) return Math.max(maxUsedSpace || Infinity, reservedSpace);
  const records = await listCache(deps);
  const total = records.reduce((sum, { Size = 0 }) => sum + Size, 0);
  return Math.max(Math.min(maxUsedSpace || Infinity, total - lacking), reservedSpace);
}

function recordOf(record: BuildCache): Input<typeof UsageRecord> {
  const createdAt = momentOf(record.CreatedAt ?? undefined);
  const lastUsedAt = momentOf(record.LastUsedAt ?? undefined);
  return {
    id: record.ID ?? "",
    mutable: isMutable(record),
    inUse: record.InUse ?? false,
    size: record.Size ?? 0,
    ...(createdAt && { createdAt }),
    ...(lastUsedAt && { lastUsedAt }),
    usageCount: record.UsageCount ?? 0,
    description: record.Description ?? "",
    recordType: record.Type ?? "",
    shared: record.Shared ?? false,
    parents: record.Parents ?? [],
  };
}
