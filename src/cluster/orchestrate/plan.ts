import type { ServiceObject } from "../model/objects.ts";
import { schedule } from "../schedule/schedule.ts";
import { giveNodeAddresses, giveTaskAddresses } from "./give-addresses.ts";
import { planGlobal } from "./global.ts";
import { planGlobalJob, planReplicatedJob } from "./jobs.ts";
import { reap } from "./reap.ts";
import { planReplicated } from "./replicated.ts";
import type { Workspace } from "./workspace.ts";

/** A planner failed: on what, and why. What it had planned until then is planned all the same. */
export interface Failure {
  /** `service web (id) at 17, spec 2: {…}`, `scheduling`. */
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
  for (const service of [...work.all("service")]) attempt(told(service), () => planService(work, service));
  attempt("addresses of nodes", () => giveNodeAddresses(work));
  attempt("addresses of tasks", () => giveTaskAddresses(work));
  attempt("scheduling", () => schedule(work));
  attempt("clearing", () => reap(work));
  return failures;
}

/** What somebody needs to see why it failed. Not the whole spec: environment variables are nobody's business. */
function told({ ID, Version, Spec, SpecVersion }: ServiceObject): string {
  const { Placement = {}, RestartPolicy = {} } = Spec.TaskTemplate;
  const what = JSON.stringify({ Mode: Spec.Mode, Placement, RestartPolicy, UpdateConfig: Spec.UpdateConfig });
  return `service ${Spec.Name} (${ID}) at ${Version.Index}, spec ${SpecVersion}: ${what}`;
}

function planService(work: Workspace, service: ServiceObject): void {
  const { Mode = {} } = service.Spec;
  if (Mode.Global) planGlobal(work, service);
  else if (Mode.GlobalJob) planGlobalJob(work, service);
  else if (Mode.ReplicatedJob) planReplicatedJob(work, service);
  else planReplicated(work, service);
}
