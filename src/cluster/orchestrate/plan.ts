import { Addresses } from "../allocate/addresses.ts";
import type { ServiceObject } from "../model/objects.ts";
import { schedule } from "../schedule/schedule.ts";
import { planGlobal } from "./global.ts";
import { planGlobalJob, planReplicatedJob } from "./jobs.ts";
import { reap } from "./reap.ts";
import { planReplicated } from "./replicated.ts";
import type { Planning } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

/** A planner failed: on what, and why. What it had planned until then is planned all the same. */
export interface Failure {
  /** `service web (id)`, `scheduling`. */
  of: string;
  error: unknown;
}

/**
 * All that the leader wants changed in this state: tasks made, ended, replaced, given to nodes, forgotten. Returns the
 * planners that failed: one that does leaves the others to their work.
 */
export function plan(work: Workspace): Failure[] {
  const failures: Failure[] = [];
  const attempt = (of: string, planner: () => void) => {
    try {
      planner();
    } catch (error) {
      failures.push({ of, error });
    }
  };
  const planning: Planning = { work, addresses: new Addresses(work) };
  for (const service of [...work.all("service")])
    attempt(`service ${service.Spec.Name} (${service.ID})`, () => planService(planning, service));
  attempt("scheduling", () => schedule(work));
  attempt("clearing", () => reap(work));
  return failures;
}

function planService(planning: Planning, service: ServiceObject): void {
  const { Mode = {} } = service.Spec;
  if (Mode.Global) planGlobal(planning, service);
  else if (Mode.GlobalJob) planGlobalJob(planning, service);
  else if (Mode.ReplicatedJob) planReplicatedJob(planning, service);
  else planReplicated(planning, service);
}
