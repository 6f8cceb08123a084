/** Queries on the tables `lease` and `lease_item`. */
import type { Store } from "../store/store.ts";

/** What a lease can keep. A `snapshot` is a directory of the snapshotter's that is not yet a layer. */
export type LeaseKind = "blob" | "layer" | "snapshot";
/** One thing that a lease keeps. `key`: the digest of a blob, the chain id of a layer, the name of a snapshot. */
export interface LeaseItem {
  kind: LeaseKind;
  key: string;
}

/** `expiresAt`: Unix milliseconds. */
export function openLease(store: Store, id: string, expiresAt: number): void {
  store.query("INSERT INTO lease (id, expires_at) VALUES (?, ?)").run(id, expiresAt);
}

/** `expiresAt`: Unix milliseconds. Does nothing where there is no such lease. */
export function renewLease(store: Store, id: string, expiresAt: number): void {
  store.query("UPDATE lease SET expires_at = ? WHERE id = ?").run(expiresAt, id);
}

/** What the lease holds stays for that many milliseconds after its end. */
export function keepAfterLease(store: Store, id: string, ms: number): void {
  store.query("UPDATE lease SET keep_ms = ? WHERE id = ?").run(ms, id);
}

/** Does nothing where the lease holds it already. Throws SQLite's error where there is no such lease. */
export function addLeaseItem(store: Store, id: string, { kind, key }: LeaseItem): void {
  store
    .query("INSERT INTO lease_item (lease_id, kind, key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
    .run(id, kind, key);
}

/** Nobody works under the lease any more; what is finished stays until it expires. */
export function closeLease(store: Store, id: string, expiresAt: number): void {
  store.query("UPDATE lease SET open = 0, expires_at = ? WHERE id = ?").run(expiresAt, id);
  store.query("DELETE FROM lease_item WHERE lease_id = ? AND kind = 'snapshot'").run(id);
}

/** At boot: leases that the process before left open. */
export function endAbandonedLeases(store: Store): void {
  for (const { id, keep_ms } of store
    .query<{ id: string; keep_ms: number }, []>("SELECT id, keep_ms FROM lease WHERE open = 1")
    .all()) {
    if (keep_ms > 0) closeLease(store, id, Date.now() + keep_ms);
    else endLease(store, id);
  }
}

/** Removes a lease and returns what it held. */
export function endLease(store: Store, id: string): LeaseItem[] {
  const items = store.query<LeaseItem, [string]>("SELECT kind, key FROM lease_item WHERE lease_id = ?").all(id);
  store.query("DELETE FROM lease WHERE id = ?").run(id);
  return items;
}

/** Ids of leases that ended at `now` or before; milliseconds since 1970. */
export function expiredLeases(store: Store, now: number): string[] {
  return store
    .query<{ id: string }, [number]>("SELECT id FROM lease WHERE expires_at <= ?")
    .all(now)
    .map((row) => row.id);
}

/** A lease that has not expired holds the thing. */
export function isLeased(store: Store, { kind, key }: LeaseItem, now: number): boolean {
  return (
    store
      .query<{ found: number }, [LeaseKind, string, number]>(
        "SELECT EXISTS (SELECT 1 FROM lease_item i JOIN lease ON lease.id = i.lease_id WHERE i.kind = ? AND " +
          "i.key = ? AND lease.expires_at > ?) AS found",
      )
      .get(kind, key, now)?.found === 1
  );
}
