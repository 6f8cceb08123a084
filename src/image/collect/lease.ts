import { newId } from "../../lib/ids.ts";
import type { ImageDeps } from "../deps.ts";
import {
  addLeaseItem,
  closeLease,
  endLease,
  keepAfterLease,
  type LeaseKind,
  openLease,
  renewLease,
} from "../lease-table.ts";
import { collectItems } from "./collect.ts";

const TTL_MS = 60 * 60 * 1000;

/**
 * Keeps content from garbage collection that no image names yet, while a pull, load, commit or build is under way. Add
 * a thing *before* looking whether it exists. Rows in the database with an expiry, renewed while the lease is open;
 * those that a crashed daemon left open are ended at the next boot.
 */
export class Lease implements AsyncDisposable {
  readonly id = newId();
  readonly #timer: Timer;
  #keepMs = 0;
  #abandoned = false;

  constructor(private readonly deps: ImageDeps) {
    openLease(deps.store, this.id, Date.now() + TTL_MS);
    this.#timer = setInterval(() => renewLease(deps.store, this.id, Date.now() + TTL_MS), TTL_MS / 4);
    this.#timer.unref();
    deps.openLeases.add(this);
  }

  add(kind: LeaseKind, key: string): void {
    addLeaseItem(this.deps.store, this.id, { kind, key });
  }

  /** Things stay for that long after disposal, or after a crash: a pull that failed can go on from what it has. */
  keepAfterwards(ms: number): void {
    this.#keepMs = ms;
    keepAfterLease(this.deps.store, this.id, ms);
  }

  /** Leaves the lease as a crash would, for the next boot to end: its database is about to be closed. */
  abandon(): void {
    this.#abandoned = true;
    this.#rest();
  }

  /** Ends the lease; what it held and nothing else names goes. Nothing to do once it is abandoned. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#abandoned) return;
    this.#rest();
    if (this.#keepMs > 0) closeLease(this.deps.store, this.id, Date.now() + this.#keepMs);
    else await collectItems(this.deps, endLease(this.deps.store, this.id));
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.deps.openLeases.delete(this);
  }
}

/** For the end of a daemon: no lease that is still open touches the database again by itself. */
export function abandonLeases(deps: ImageDeps): void {
  for (const lease of deps.openLeases) lease.abandon();
}
