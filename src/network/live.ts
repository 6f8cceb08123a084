import { KeyedLock } from "../lib/lock.ts";

/** State of a running daemon that no database can hold. Everything in it is rebuilt by `reconcileNetworks`. */
export class LiveNetworks {
  /** By container id: set-up, tear-down, connect and disconnect of one container exclude each other. */
  readonly sandboxLocks = new KeyedLock();
  /** By network name or id: create and remove. */
  readonly networkLocks = new KeyedLock();
}
