import type { MigrationItem, MigrationKind } from "../api/types/migrate.ts";
import type { Lease } from "../image/collect/lease.ts";

/** One thing to take over, and how. */
export interface Step {
  item: MigrationItem;
  /** Its names and ids, by which a request may choose it. */
  names: readonly string[];
  /** Keys (see {@link keyOf}) of what has to come before. */
  needs: readonly string[];
  /** Makes it here. Called for items in the state `take` only. */
  take(work: Work): Promise<void>;
}

/** What a step works with. */
export interface Work {
  lease: Lease;
  /** May data be shared with the other engine, and how. */
  share: Sharing;
  /** The data of volumes leaves the other engine. */
  move: boolean;
  /** Start the containers that the other engine would start. */
  start: boolean;
  /** Says how many of the item's bytes are done. */
  tell(done: number): void;
  signal: AbortSignal;
}

/** How files can be had in common with those of the other engine. */
export interface Sharing {
  clones: boolean;
  links: boolean;
}

/** By which a step is found as what another needs. */
export const keyOf = (kind: MigrationKind, id: string): string => `${kind} ${id}`;

/** Whether a text that a user gave means a thing of this id. */
export function isIdPrefix(id: string, given: string): boolean {
  const hex = given.replace(/^sha256:/, "");
  return /^[0-9a-f]{4,64}$/.test(hex) && id.replace(/^sha256:/, "").startsWith(hex);
}
