import { commitPlan } from "../store/guarded.ts";
import type { ClusterStore } from "../store/store.ts";
import { type Failure, plan } from "./plan.ts";
import { Workspace } from "./workspace.ts";

/** What one round of planning came to. */
export interface Round {
  /** Milliseconds since 1970 at which there has to be another, whatever happens; infinity: there has not. */
  wakeAt: number;
  /** Milliseconds that the plan took, without writing it. */
  took: number;
  failures: Failure[];
}

/** Plans what is to be in the cluster, and writes it down. `now`: milliseconds since 1970. Throws as commits do. */
export async function planRound(store: ClusterStore, now: () => number): Promise<Round> {
  const round: Round = { wakeAt: Number.POSITIVE_INFINITY, took: 0, failures: [] };
  await commitPlan(store, (state) => {
    const begin = performance.now();
    const work = new Workspace(state, now());
    round.failures = plan(work);
    round.wakeAt = work.wakeAt;
    round.took = performance.now() - begin;
    return work.writes();
  });
  return round;
}
