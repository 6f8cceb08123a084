import type { ServiceObject, TaskObject } from "../model/objects.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { isJob } from "../services/mode.ts";
import { addTask, isLeft, isLost, type Planning, timeOf, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

const second = 1000;
const nanosecond = 1e-6;
/** How long an image that cannot be had is waited for at most, between two tries. */
const longestWait = 300 * second;

/**
 * Sees to the one task of a place that is to run: replaces it where it has ended, as the service's policy says, and
 * where its node is not to run it any more, whatever the policy.
 */
export function keepRunning(planning: Planning, service: ServiceObject, task: TaskObject): void {
  const { work } = planning;
  const place = { Slot: task.Slot, NodeID: task.Slot < 0 ? task.NodeID : "" };
  const DesiredState = isJob(service.Spec) ? "complete" : "running";
  const iteration = task.JobIteration && { JobIteration: task.JobIteration };
  const { State, Timestamp } = taskStatus(work, task);
  if (!isOver(State)) {
    if (task.NodeID === "" || task.Slot < 0 || !isLeft(work, task.NodeID)) return;
    want(work, task, "shutdown");
    const kept = { ...(task.Restarts && { Restarts: task.Restarts }), ...iteration };
    // A node that drains stops the old one first; of one that nobody hears of there is nothing to wait for.
    addTask(planning, service, place, { ...kept, DesiredState: isLost(work, task.NodeID) ? DesiredState : "ready" });
    return;
  }
  if (State === "complete" && isJob(service.Spec)) return;
  if (!mayRestart(work, service, task)) {
    want(work, task, "shutdown");
    return;
  }
  want(work, task, "shutdown");
  const Restarts = [...recentRestarts(work, service, task), timeOf(work)].slice(-mostKept);
  const wait = waitOf(service, task, State);
  const due = Date.parse(Timestamp) + wait <= work.now;
  addTask(planning, service, place, { Restarts, ...iteration, DesiredState: due ? DesiredState : "ready" });
}

const mostKept = 100;

/**
 * Tasks that were made ready to take the place of others are let run: once those are over, and where they have ended by
 * themselves, after the delay of the service's policy.
 */
export function releaseReady(work: Workspace, service: ServiceObject, slot: readonly TaskObject[]): void {
  for (const task of slot) {
    if (task.DesiredState !== "ready") continue;
    const before = slot.filter((other) => other !== task && other.DesiredState === "shutdown");
    if (before.some((other) => !isOver(taskStatus(work, other).State) && !isLost(work, other.NodeID))) continue;
    const [last] = before
      .filter(({ SpecVersion }) => SpecVersion === task.SpecVersion)
      .toSorted((a, b) => b.CreatedAt.localeCompare(a.CreatedAt));
    const status = last && taskStatus(work, last);
    const restarted = (task.Restarts?.length ?? 0) > (last?.Restarts?.length ?? 0);
    const due = restarted && status ? Date.parse(status.Timestamp) + waitOf(service, last, status.State) : 0;
    if (due > work.now) work.wake(due);
    else want(work, task, isJob(service.Spec) ? "complete" : "running");
  }
}

/** Milliseconds between the end of a task and the start of the one that follows it. */
function waitOf({ Spec }: ServiceObject, { Restarts = [] }: TaskObject, state: string): number {
  const delay = (Spec.TaskTemplate.RestartPolicy?.Delay ?? 5e9) * nanosecond;
  if (state !== "rejected") return delay;
  // What a node cannot even begin will most likely fail again: ask less and less often.
  return Math.max(delay, Math.min(longestWait, 5 * second * 2 ** Math.min(Restarts.length, 10)));
}

function mayRestart(work: Workspace, service: ServiceObject, task: TaskObject): boolean {
  const { Condition, MaxAttempts = 0 } = service.Spec.TaskTemplate.RestartPolicy ?? {};
  const { State, ContainerStatus } = taskStatus(work, task);
  const condition = Condition ?? (isJob(service.Spec) ? "on-failure" : "any");
  if (condition === "none") return false;
  const failed = State === "failed" || State === "rejected" || (ContainerStatus?.ExitCode ?? 0) !== 0;
  if (condition === "on-failure" && !failed) return false;
  return MaxAttempts === 0 || recentRestarts(work, service, task).length < MaxAttempts;
}

/** Those that count: of the policy's window, or all. */
function recentRestarts({ now }: Workspace, { Spec }: ServiceObject, { Restarts = [] }: TaskObject): string[] {
  const window = (Spec.TaskTemplate.RestartPolicy?.Window ?? 0) * nanosecond;
  return window === 0 ? Restarts : Restarts.filter((at) => Date.parse(at) + window > now);
}
