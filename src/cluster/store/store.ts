import type { Kind, Kinds, Stored } from "../model/objects.ts";
import type { Change, ClusterState } from "../model/state.ts";

/** An object as it is handed in: the store itself sets version and times. */
export type Draft<K extends Kind> = Omit<Kinds[K], Exclude<keyof Stored, "ID">>;

/** One thing that a commit does. */
export type Write = {
  [K in Kind]:
    | {
        put: K;
        object: Draft<K>;
        /**
         * Condition: the object's `Version.Index` is still this one; 0: there is no such object. Absent: whatever there
         * is, is replaced.
         */
        at?: number;
      }
    | { remove: K; id: string; at?: number }
    /** Writes nothing; only the condition. */
    | { check: K; id: string; at: number };
}[Kind];

/** The error of a commit of which a condition did not hold. Whoever can starts over from the present state. */
export class OutOfSequence extends Error {
  override readonly name = "OutOfSequence";
  constructor() {
    super("update out of sequence");
  }
}

/**
 * The cluster's memory, the same for all managers. `test` suite: `store.suite.ts`; kept in etcd (`etcd/store.ts`), or
 * in this process' memory for tests (`memory.ts`).
 */
export interface ClusterStore {
  /** As this manager knows it: never before the last commit made through this very store. Changes in place. */
  readonly state: ClusterState;
  /**
   * Does all writes or none. At most {@link mostWrites}. Returns the number of the write, which is the
   * `Version.Index` of what was put, once {@link state} shows it. Throws {@link OutOfSequence} where a condition does
   * not hold, `unavailable` where too few managers can be reached; then it may or may not have been done.
   */
  commit(writes: readonly Write[]): Promise<number>;
  /** Calls back after each commit of anybody, when {@link state} shows it. Returns what ends that. */
  onChange(listener: (changes: readonly Change[]) => void): () => void;
  /**
   * Reads from a majority, so that {@link state} is no older than this call. Throws `unavailable` where there is none.
   */
  sync(): Promise<void>;
}

/** How many writes fit into one commit (etcd takes 128 operations, of which an object may need its condition). */
export const mostWrites = 120;
