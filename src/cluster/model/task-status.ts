import { taskStates } from "../../api/task-states.ts";
import type { TaskState } from "../../api/types/swarm.ts";
import type { ServiceObject, TaskObject } from "./objects.ts";
import type { ClusterState } from "./state.ts";

/** What is wanted of a task, or became of one whose node is gone, comes after all that it can be. */
const order: readonly TaskState[] = [...taskStates, "remove", "orphaned"];

/** Below 0: `a` comes before `b`; 0: the same; above 0: after it. */
export const compareStates = (a: TaskState, b: TaskState): number => order.indexOf(a) - order.indexOf(b);

/** It runs no more, and will not again. */
export const isOver = (state: TaskState): boolean => compareStates(state, "running") > 0;

/** What is known of a task: what its node says, unless the leader has got further. */
export function taskStatus(state: ClusterState, task: TaskObject): TaskObject["Status"] {
  const report = state.get("task-report", task.ID);
  return report && compareStates(report.Status.State, task.Status.State) >= 0 ? report.Status : task.Status;
}

/**
 * Milliseconds since 1970 at which it was known to be in this state, by the clocks of managers: those of other nodes
 * may be wrong.
 */
export function statusSince(state: ClusterState, task: TaskObject): number {
  const report = state.get("task-report", task.ID);
  return Date.parse(report?.Status === taskStatus(state, task) ? report.UpdatedAt : task.Status.Timestamp);
}

/** Made from the service's present spec. */
export const isUpToDate = (service: ServiceObject, task: TaskObject): boolean =>
  service.SpecVersion === task.SpecVersion;
