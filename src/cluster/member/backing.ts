import type { Liveness } from "../store/liveness.ts";
import type { ClusterStore } from "../store/store.ts";

/** Where a manager has its cluster from, while it is one. */
export interface Backing {
  store: ClusterStore;
  /** The node that leads; empty: none is known. */
  leader(): string;
  /**
   * Stands for the lead until it is disposed of. `lead` is called as often as it is won, and ends with the signal, when
   * it is lost; what it writes to its `store` is refused from then on.
   */
  campaign(lead: (signal: AbortSignal, store: ClusterStore) => Promise<void>): Disposable;
  /**
   * Lets another manager take a part; what it is told goes to its {@link Backings.join}. Asked again for the same one,
   * it begins anew.
   */
  admit(other: { nodeId: string; address: string }): Promise<string>;
  /** Takes the part of a manager that goes, or has gone for good. Idempotent. Of its own this is the last call. */
  dismiss(nodeId: string): Promise<void>;
  /** Takes the parts of all but these managers. */
  reconcile(managers: ReadonlySet<string>): Promise<void>;
  liveness: Liveness;
  /** Lets go; what is kept stays. */
  close(): Promise<void>;
}

/** What a backing is to know of the manager. */
export interface BackingRequest {
  nodeId: string;
  clusterId: string;
  /** Where this machine is reached by the other managers; an address. */
  address: string;
  /** PEM of a certificate for managers among each other, its key and the roots that they trust. */
  cert: string;
  key: string;
  trust: string;
  /** 32 bytes, in base64, that secrets are sealed with where they are kept; the same for all managers. Empty: none. */
  storeKey: string;
}

/** The ways to a {@link Backing}. */
export interface Backings {
  /** Makes what a new cluster is kept in. A failure leaves nothing. */
  found(request: BackingRequest): Promise<Backing>;
  /** What this manager has been keeping, after a restart. */
  open(request: BackingRequest): Promise<Backing>;
  /** Takes a part in what other managers keep, as one of them has told it ({@link Backing.admit}). */
  join(request: BackingRequest, told: string): Promise<Backing>;
  /** Deletes this manager's part of it. Idempotent. */
  remove(): Promise<void>;
}
