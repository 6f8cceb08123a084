import { rmSync } from "node:fs";
import { join } from "node:path";
import { collectLayers } from "../image/collect.ts";
import type { BuildCache } from "../api/types/build.ts";
import type { BuildContext } from "./context.ts";
import { listCached, listCacheMounts, removeCached, removeCacheMount, type CachedStep, type CacheMount } from "./table.ts";
import type { ContentRecord } from "./source/content-store.ts";
import { usageOf } from "./usage.ts";

export interface PruneOptions {
  /** Everything, not only what no image uses. */
  all: boolean;
  /** Keep this many bytes. */
  keepStorage: number;
  /** Only what was not used since then. */
  unusedSince: Date | undefined;
  /** Narrowing by id, parent, type, description, inuse, shared, private: true for what may go. */
  matches: (record: BuildCache) => boolean;
}

/** What the cache holds, as `GET /system/df` and `builder prune` tell of it. */
export async function listCache(ctx: BuildContext): Promise<BuildCache[]> {
  const steps = listCached(ctx.store).map((step) => record(ctx, step));
  const mounts = await Promise.all(listCacheMounts(ctx.store).map((mount) => mountRecord(ctx, mount)));
  return [...steps, ...mounts, ...ctx.contents.list().map(contentRecord)];
}

/** Removes from the cache, least recently used first. Nothing that a running build uses goes. */
export async function pruneCache(ctx: BuildContext, options: PruneOptions): Promise<{ deleted: string[]; reclaimed: number }> {
  const records = await listCache(ctx);
  let total = records.reduce((sum, each) => sum + (each.Size ?? 0), 0);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const each of records.toSorted((a, b) => ((a.LastUsedAt ?? "") < (b.LastUsedAt ?? "") ? -1 : 1))) {
    if (options.keepStorage > 0 && total <= options.keepStorage) break;
    if (each.InUse || (each.Shared && !options.all) || !options.matches(each)) continue;
    if (options.unusedSince && Date.parse(each.LastUsedAt ?? "") > options.unusedSince.getTime()) continue;
    if (each.Type === "exec.cachemount") {
      removeCacheMount(ctx.store, each.ID ?? "");
      rmSync(join(ctx.dataRoot, "build", "mounts", each.ID ?? ""), { recursive: true, force: true });
    } else if (each.Type === "source.local") ctx.contents.remove(each.ID ?? "");
    else removeCached(ctx.store, each.ID ?? "");
    total -= each.Size ?? 0;
    reclaimed += each.Shared ? 0 : each.Size ?? 0;
    deleted.push(each.ID ?? "");
  }
  if (deleted.length > 0) await collectLayers(ctx.images);
  if (deleted.length > 0) ctx.events.publish("builder", "prune", { ID: "", Attributes: { reclaimed: String(reclaimed) } });
  return { deleted, reclaimed };
}

/** Keeps the cache within its limit. */
export async function collectCache(ctx: BuildContext): Promise<void> {
  if (ctx.cacheLimit <= 0) return;
  await pruneCache(ctx, { all: true, keepStorage: ctx.cacheLimit, unusedSince: undefined, matches: () => true });
}

function record(ctx: BuildContext, step: CachedStep): BuildCache {
  const shared = ctx.store.query<{ found: number }, [string]>("SELECT EXISTS (SELECT 1 FROM image_layer WHERE chain_id = ?) AS found").get(step.chainId)?.found === 1;
  return {
    ID: step.key, Parents: step.parent.startsWith("sha256:") ? [step.parent] : [], Type: "regular", Description: step.description,
    InUse: leased(ctx, step.chainId), Shared: shared, Size: step.size, CreatedAt: step.createdAt, LastUsedAt: step.lastUsedAt, UsageCount: step.uses,
  };
}

/** Builds that run hold a lease on every layer that they took or made. */
function leased(ctx: BuildContext, chainId: string): boolean {
  return ctx.store.query<{ found: number }, [string, number]>(
    "SELECT EXISTS (SELECT 1 FROM lease_item JOIN lease ON lease.id = lease_item.lease_id WHERE kind = 'layer' AND key = ? AND expires_at > ?) AS found",
  ).get(chainId, Date.now())?.found === 1;
}

function contentRecord({ id, size, lastUsedAt, inUse }: ContentRecord): BuildCache {
  return { ID: id, Parents: [], Type: "source.local", Description: "local source for context", InUse: inUse, Shared: false, Size: size, CreatedAt: lastUsedAt.toISOString(), LastUsedAt: lastUsedAt.toISOString(), UsageCount: 1 };
}

async function mountRecord(ctx: BuildContext, mount: CacheMount): Promise<BuildCache> {
  return {
    ID: mount.id, Parents: [], Type: "exec.cachemount", Description: "cached mount", InUse: (ctx.inUse.get(mount.directory) ?? 0) > 0, Shared: false,
    Size: await usageOf(mount.directory), CreatedAt: mount.createdAt, LastUsedAt: mount.lastUsedAt, UsageCount: mount.uses,
  };
}
