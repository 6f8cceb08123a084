import type { Store } from "../store/store.ts";

/** A layer that a step made: found again by the step's key. */
export interface CachedStep {
  key: string;
  chainId: string;
  diffId: string;
  /** Chain id of what it stands upon; empty for a first layer. */
  parent: string;
  description: string;
  /** Bytes. */
  size: number;
  createdAt: string;
  lastUsedAt: string;
  uses: number;
}

interface Row {
  key: string;
  chain_id: string;
  diff_id: string;
  parent: string;
  description: string;
  size: number;
  created_at: string;
  last_used_at: string;
  uses: number;
}

const fromRow = (row: Row): CachedStep => ({
  key: row.key,
  chainId: row.chain_id,
  diffId: row.diff_id,
  parent: row.parent,
  description: row.description,
  size: row.size,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  uses: row.uses,
});

/** The step that the cache has under this key; undefined: none. It is not counted as used. */
export function findCached(store: Store, key: string): CachedStep | undefined {
  const row = store.query<Row, [string]>("SELECT * FROM build_cache WHERE key = ?").get(key);
  return row ? fromRow(row) : undefined;
}

/** Notes that a cached step was used, and when. No error if there is none. */
export function touchCached(store: Store, key: string, now = new Date()): void {
  store.query("UPDATE build_cache SET last_used_at = ?, uses = uses + 1 WHERE key = ?").run(now.toISOString(), key);
}

/** Puts a step into the cache, or in place of the one with its key. It counts as used once. */
export function addCached(store: Store, step: Omit<CachedStep, "lastUsedAt" | "uses">): void {
  store
    .query(
      "INSERT OR REPLACE INTO build_cache (key, chain_id, diff_id, parent, description, size, created_at, " +
        "last_used_at, uses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
    )
    .run(step.key, step.chainId, step.diffId, step.parent, step.description, step.size, step.createdAt, step.createdAt);
}

/** Of these layers those that no step of the cache made. One query for all of them. */
export function withoutCached(store: Store, chainIds: readonly string[]): string[] {
  if (chainIds.length === 0) return [];
  return store
    .query<{ chain_id: string }, [string]>(
      "SELECT value AS chain_id FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM build_cache WHERE chain_id = value)",
    )
    .all(JSON.stringify(chainIds))
    .map((row) => row.chain_id);
}

/** All steps in the cache, those first that were not used for longest. */
export function listCached(store: Store): CachedStep[] {
  return store.query<Row, []>("SELECT * FROM build_cache ORDER BY last_used_at, created_at").all().map(fromRow);
}

/** Takes a step out of the cache's table; no error if there is none. Its layer stays. */
export function removeCached(store: Store, key: string): void {
  store.query("DELETE FROM build_cache WHERE key = ?").run(key);
}

/** A directory that `RUN --mount=type=cache` keeps between builds. */
export interface CacheMount {
  id: string;
  directory: string;
  createdAt: string;
  lastUsedAt: string;
  uses: number;
}

interface MountRow {
  id: string;
  directory: string;
  created_at: string;
  last_used_at: string;
  uses: number;
}

/**
 * Notes that the cache mount (`RUN --mount=type=cache`) is used, and makes it in `directory` if it is new; one that
 * there is keeps its directory.
 */
export function useCacheMount(store: Store, id: string, directory: string, now = new Date()): CacheMount {
  store
    .query(
      "INSERT INTO build_cache_mount (id, directory, created_at, last_used_at, uses) VALUES (?1, ?2, ?3, ?3, " +
        "1) ON CONFLICT (id) DO UPDATE SET last_used_at = ?3, uses = uses + 1",
    )
    .run(id, directory, now.toISOString());
  const row = store.query<MountRow, [string]>("SELECT * FROM build_cache_mount WHERE id = ?").get(id);
  if (!row) throw new Error(`the cache mount ${id} was not kept`);
  return mountFromRow(row);
}

/** All cache mounts, those first that were not used for longest. */
export function listCacheMounts(store: Store): CacheMount[] {
  return store.query<MountRow, []>("SELECT * FROM build_cache_mount ORDER BY last_used_at").all().map(mountFromRow);
}

/** Takes a cache mount out of the table; no error if there is none. Its folder stays. */
export function removeCacheMount(store: Store, id: string): void {
  store.query("DELETE FROM build_cache_mount WHERE id = ?").run(id);
}

const mountFromRow = (row: MountRow): CacheMount => ({
  id: row.id,
  directory: row.directory,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  uses: row.uses,
});
