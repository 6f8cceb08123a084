import { newId } from "../lib/ids.ts";
import type { Store } from "../store/store.ts";
import { collectItems } from "./collect.ts";
import type { ImageContext } from "./context.ts";

export type LeaseKind = "blob" | "layer" | "snapshot";
export interface LeaseItem {
  kind: LeaseKind;
  key: string;
}

const TTL_MS = 60 * 60 * 1000;

/**
 * Keeps what nothing names yet from garbage collection, while a pull, load, commit or build is under way: add a thing
 * *before* looking whether it exists. Rows in the database with an expiry, renewed while the lease is open; those that
 * a crashed daemon left open are ended at the next boot.
 */
export class Lease implements AsyncDisposable {
  readonly id = newId();
  readonly #timer: Timer;
  #keepMs = 0;

  constructor(private readonly ctx: ImageContext) {
    ctx.store.query("INSERT INTO lease (id, expires_at) VALUES (?, ?)").run(this.id, Date.now() + TTL_MS);
    this.#timer = setInterval(() => {
      ctx.store.query("UPDATE lease SET expires_at = ? WHERE id = ?").run(Date.now() + TTL_MS, this.id);
    }, TTL_MS / 4);
    this.#timer.unref();
  }

  add(kind: LeaseKind, key: string): void {
    this.ctx.store.query("INSERT INTO lease_item (lease_id, kind, key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING").run(this.id, kind, key);
  }

  /** Things stay for that long after disposal, or after a crash: a pull that failed can go on from what it has. */
  keepAfterwards(ms: number): void {
    this.#keepMs = ms;
    this.ctx.store.query("UPDATE lease SET keep_ms = ? WHERE id = ?").run(ms, this.id);
  }

  /** Ends the lease; what it held and nothing else names goes. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    if (this.#keepMs > 0) closeLease(this.ctx.store, this.id, Date.now() + this.#keepMs);
    else await collectItems(this.ctx, endLease(this.ctx.store, this.id));
  }
}

/** Nobody works under the lease any more; what is finished stays until it expires. */
function closeLease(store: Store, id: string, expiresAt: number): void {
  store.query("UPDATE lease SET open = 0, expires_at = ? WHERE id = ?").run(expiresAt, id);
  store.query("DELETE FROM lease_item WHERE lease_id = ? AND kind = 'snapshot'").run(id);
}

/** At boot: leases that the process before left open. */
export function endAbandonedLeases(store: Store): void {
  for (const { id, keep_ms } of store.query<{ id: string; keep_ms: number }, []>("SELECT id, keep_ms FROM lease WHERE open = 1").all()) {
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

export function expiredLeases(store: Store, now: number): string[] {
  return store.query<{ id: string }, [number]>("SELECT id FROM lease WHERE expires_at <= ?").all(now).map((row) => row.id);
}

export function leasedSnapshot(store: Store, key: string, now: number): boolean {
  return store.query<{ n: number }, [string, number]>(
    "SELECT count(*) AS n FROM lease_item i JOIN lease ON lease.id = i.lease_id WHERE i.kind = 'snapshot' AND i.key = ? AND lease.expires_at > ?",
  ).get(key, now)?.n !== 0;
}
