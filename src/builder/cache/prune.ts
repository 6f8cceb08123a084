import { rmSync } from "node:fs";
import { join } from "node:path";
import type { BuildCache } from "../../api/types/build.ts";
import { collectLayers } from "../../image/collect/collect.ts";
import { layerUse } from "../../image/layer/find.ts";
import type { BuilderDeps } from "../deps.ts";
import type { ContentRecord } from "../source/content-store.ts";
import {
  type CachedStep,
  type CacheMount,
  listCached,
  listCacheMounts,
  removeCached,
  removeCacheMount,
} from "../table.ts";
import type { CacheFilter } from "./prune-filter.ts";
import { usageOf } from "./usage.ts";

/** What of the build cache to delete. */
export interface PruneOptions extends CacheFilter {
  /** Everything, not only what no image uses. */
  all: boolean;
  /** Keep this many bytes. */
  keepStorage: number;
}

/** What the cache holds, as `GET /system/df` and `builder prune` tell of it. */
export async function listCache(deps: BuilderDeps): Promise<BuildCache[]> {
  const steps = listCached(deps.store).map((step) => record(deps, step));
  const mounts = await Promise.all(listCacheMounts(deps.store).map((mount) => mountRecord(deps, mount)));
  return [...steps, ...mounts, ...deps.contents.list().map(contentRecord)];
}

/** Removes from the cache, least recently used first, and tells what. Nothing that a running build uses goes. */
export async function pruneCache(
  deps: BuilderDeps,
  options: PruneOptions,
): Promise<{ deleted: BuildCache[]; reclaimed: number }> {
  const records = await listCache(deps);
  let total = records.reduce((sum, each) => sum + (each.Size ?? 0), 0);
  const deleted: BuildCache[] = [];
  let reclaimed = 0;
  for (const each of records.toSorted((a, b) => ((a.LastUsedAt ?? "") < (b.LastUsedAt ?? "") ? -1 : 1))) {
    if (options.keepStorage > 0 && total <= options.keepStorage) break;
    if (each.InUse || (each.Shared && !options.all) || !options.matches(each)) continue;
    if (options.unusedSince && Date.parse(each.LastUsedAt ?? "") > options.unusedSince.getTime()) continue;
    if (each.Type === "exec.cachemount") {
      removeCacheMount(deps.store, each.ID ?? "");
      rmSync(join(deps.dataRoot, "build", "mounts", each.ID ?? ""), { recursive: true, force: true });
    } else if (each.Type === "source.local") deps.contents.remove(each.ID ?? "");
    else removeCached(deps.store, each.ID ?? "");
    total -= each.Size ?? 0;
    reclaimed += each.Shared ? 0 : (each.Size ?? 0);
    deleted.push(each);
  }
  if (deleted.length > 0) await collectLayers(deps.images);
  if (deleted.length > 0)
    deps.events.publish("builder", "prune", { ID: "", Attributes: { reclaimed: String(reclaimed) } });
  return { deleted, reclaimed };
}

/** Keeps the cache within its limit. */
export async function collectCache(deps: BuilderDeps): Promise<void> {
  if (deps.cacheLimit <= 0) return;
  await pruneCache(deps, { all: true, keepStorage: deps.cacheLimit, unusedSince: undefined, matches: () => true });
}

function record(deps: BuilderDeps, step: CachedStep): BuildCache {
  const { shared, leased } = layerUse(deps.images, step.chainId);
  return {
    ID: step.key,
    Parents: step.parent.startsWith("sha256:") ? [step.parent] : [],
    Type: "regular",
    Description: step.description,
    // Builds that run hold a lease on every layer that they took or made.
    InUse: leased,
    Shared: shared,
    Size: step.size,
    CreatedAt: step.createdAt,
    LastUsedAt: step.lastUsedAt,
    UsageCount: step.uses,
  };
}

function contentRecord({ id, size, lastUsedAt, inUse }: ContentRecord): BuildCache {
  return {
    ID: id,
    Parents: [],
    Type: "source.local",
    Description: "local source for context",
    InUse: inUse,
    Shared: false,
    Size: size,
    CreatedAt: lastUsedAt.toISOString(),
    LastUsedAt: lastUsedAt.toISOString(),
    UsageCount: 1,
  };
}

async function mountRecord(deps: BuilderDeps, mount: CacheMount): Promise<BuildCache> {
  return {
    ID: mount.id,
    Parents: [],
    Type: "exec.cachemount",
    Description: "cached mount",
    InUse: (deps.inUse.get(mount.directory) ?? 0) > 0,
    Shared: false,
    Size: await usageOf(mount.directory),
    CreatedAt: mount.createdAt,
    LastUsedAt: mount.lastUsedAt,
    UsageCount: mount.uses,
  };
}
