/**
 * What `POST /berth/migrate/docker` tells, each as `aux` of a progress event: the plan first, then how each thing went.
 */

/** A kind of thing that can be taken over. */
export type MigrationKind = "image" | "volume" | "network" | "container";

/**
 * `take`: to come. `present`: here already, and left as it is. `cannot`: not to be had, with the reason. `taken`,
 * `failed`: how it went.
 */
export type MigrationState = "take" | "present" | "cannot" | "taken" | "failed";

/** One thing of the other engine. */
export interface MigrationItem {
  Kind: MigrationKind;
  Name: string;
  /** Empty for volumes. */
  ID: string;
  State: MigrationState;
  /** Why not, or what is to be known of it; may be empty. */
  Reason: string;
  /** Bytes that are written here. Before it is taken: what they will be, layers of several images counted once. */
  Copied: number;
  /** Bytes that both engines have in common: the same blocks, or the same files. */
  Shared: number;
}

/** What would come, or is about to. */
export interface MigrationPlan {
  /** The data root that is read. */
  Root: string;
  Items: MigrationItem[];
  /** Bytes; sums of the items that are to be taken, and what is free where they go. */
  Copied: number;
  Shared: number;
  Free: number;
}

/** The value of `aux`. */
export type MigrationAux = { Plan: MigrationPlan } | { Item: MigrationItem };
