import { unavailable } from "../../lib/errors.ts";
import type { ClusterState } from "../model/state.ts";
import { type ClusterStore, type Draft, mostWrites, OutOfSequence, type Write } from "./store.ts";

/** More than managers and the leader together can get in each other's way. */
const mostTries = 50;
const allocationId = "allocation";

/**
 * Commits what `plan` makes of the state; its writes carry the conditions that matter. `plan` is called again, with the
 * newer state, where one did not hold; what it throws is thrown. Returns the number of the write; 0: nothing to do.
 */
export async function commitOver(
  store: ClusterStore,
  plan: (state: ClusterState) => readonly Write[],
): Promise<number> {
  for (let tries = 0; tries < mostTries; tries++) {
    const writes = plan(store.state);
    if (writes.length === 0) return 0;
    try {
      return await store.commit(writes);
    } catch (error) {
      if (!(error instanceof OutOfSequence)) throw error;
      await store.sync();
    }
  }
  throw unavailable("the cluster's state changes faster than it can be written to: try again");
}

/**
 * Commits what `plan` makes of the state, which nobody changes meanwhile in a way that matters across objects: all who
 * do go through here. `plan` is called again, with the newer state, where somebody was quicker; what it throws is
 * thrown. It may change the `allocation` that it is given. Returns the number of the write; 0: there was nothing to do.
 */
export async function guarded(
  store: ClusterStore,
  plan: (state: ClusterState, allocation: Draft<"allocation">) => readonly Write[],
): Promise<number> {
  return commitOver(store, (state) => {
    const before = state.get("allocation", allocationId);
    const allocation = { ID: allocationId, LastVNI: before?.LastVNI ?? 0 };
    const writes = plan(state, allocation);
    if (writes.length === 0) return [];
    return [...writes, { put: "allocation", object: allocation, at: before?.Version.Index ?? 0 }];
  });
}

/**
 * Commits any number of writes that one plan makes, a part after the other, each on condition that nobody else has
 * written under {@link guarded} since the plan was made; else there is another plan, of the newer state.
 */
export async function commitPlan(store: ClusterStore, plan: (state: ClusterState) => readonly Write[]): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    const { LastVNI = 0, Version } = store.state.get("allocation", allocationId) ?? {};
    let at = Version?.Index ?? 0;
    const writes = plan(store.state);
    try {
      for (let from = 0; from < writes.length; from += mostWrites - 1) {
        const object = { ID: allocationId, LastVNI };
        at = await store.commit([...writes.slice(from, from + mostWrites - 1), { put: "allocation", object, at }]);
      }
      return;
    } catch (error) {
      if (!(error instanceof OutOfSequence)) throw error;
      await store.sync();
    }
  }
  throw unavailable("the cluster's state changes faster than it can be written to: try again");
}
