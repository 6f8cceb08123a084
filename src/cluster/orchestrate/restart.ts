import type { ServiceObject, TaskObject } from "../model/objects.ts";
import { isOver, statusSince, taskStatus } from "../model/task-status.ts";
import { meetsConstraints, parseConstraints } from "../schedule/constraints.ts";
import { isJob } from "../services/mode.ts";
import { isPaused } from "./rollout.ts";
import { addTask, byAge, isLeft, isLost, timeOf, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

const second = 1000;
const nanosecond = 1e-6;
/** How long an image that cannot be had is waited for at most, between two tries. */
const longestWait = 300 * second;

/**
 * Sees to the one task of a place that is to run: replaces it where it has ended, as the service's policy says, and
 * where its node is not to run it any more, whatever the policy.
 */
export function keepRunning(work: Workspace, service: ServiceObject, task: TaskObject): void {
  const { State } = taskStatus(work, task);
  if (!isOver(State)) {
    if (task.NodeID !== "" && task.Slot >= 0 && !mayStay(work, task)) move(work, service, task);
    return;
  }
  if (State === "complete" && isJob(service.Spec)) return;
  if (!mayRestart(work, service, task)) {
    want(work, task, "shutdown");
    return;
  }
  const dueAt = statusSince(work, task) + waitOf(service, task, State);
  // What could not even be prepared would be prepared again at once.
  if (State === "rejected" && dueAt > work.now) {
    work.wake(dueAt);
    return;
  }
  want(work, task, "shutdown");
  const most = Math.max(mostKept, service.Spec.TaskTemplate.RestartPolicy?.MaxAttempts ?? 0);
  const Restarts = [...recentRestarts(work, service, task), timeOf(work)].slice(-most);
  follow(work, service, task, Restarts, dueAt > work.now);
}

/** Runs it elsewhere once it has ended where it is; of a node that nobody hears of there is nothing to wait for. */
function move(work: Workspace, service: ServiceObject, task: TaskObject): void {
  want(work, task, "shutdown");
  follow(work, service, task, task.Restarts ?? [], !isLost(work, task.NodeID));
}

/** Puts another in a task's place, to run now or to be made ready to. */
function follow(work: Workspace, service: ServiceObject, task: TaskObject, Restarts: string[], waits: boolean): void {
  const DesiredState = waits ? "ready" : isJob(service.Spec) ? "complete" : "running";
  const place = { Slot: task.Slot, NodeID: task.Slot < 0 ? task.NodeID : "" };
  const { JobIteration } = task;
  // While a rollout stands still, nothing more comes up of what it was to bring.
  const origin = isPaused(work, service) ? task : undefined;
  addTask(work, service, place, { DesiredState, Restarts, ...(JobIteration && { JobIteration }) }, origin);
}

/** Its node is to run it on: it is heard of, does not drain, and still is what the task asks for. */
function mayStay(work: Workspace, { NodeID, Spec }: TaskObject): boolean {
  if (isLeft(work, NodeID)) return false;
  const [node, report] = [work.get("node", NodeID), work.get("node-report", NodeID)];
  const constraints = parseConstraints(Spec.Placement?.Constraints ?? none);
  return !node || !report || meetsConstraints(constraints, node, report);
}

const none: readonly string[] = [];

/** As many as a wait may depend on, unless the policy counts further. */
const mostKept = 20;

/**
 * Tasks that were made ready to take the place of others are let run: once those are over, and where they have ended by
 * themselves, after the delay of the service's policy.
 */
export function releaseReady(work: Workspace, service: ServiceObject, slot: readonly TaskObject[]): void {
  for (const task of slot) {
    if (task.DesiredState !== "ready") continue;
    const before = slot.filter((other) => other !== task && other.DesiredState === "shutdown");
    if (before.some((other) => !isOver(taskStatus(work, other).State) && !isLost(work, other.NodeID))) continue;
    const [last] = before.filter(({ SpecVersion }) => SpecVersion === task.SpecVersion).toSorted((a, b) => byAge(b, a));
    const restarted = task.Restarts?.at(-1) !== last?.Restarts?.at(-1);
    const due = restarted && last ? statusSince(work, last) + waitOf(service, last, taskStatus(work, last).State) : 0;
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

/** The policy lets another follow what has ended. */
export function mayRestart(work: Workspace, service: ServiceObject, task: TaskObject): boolean {
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
