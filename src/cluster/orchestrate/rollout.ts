import { allocateEndpoint } from "../allocate/endpoint.ts";
import type { Rollout, ServiceObject, TaskObject } from "../model/objects.ts";
import { compareStates, isOver, statusSince, taskStatus } from "../model/task-status.ts";
import { draftOf } from "../version.ts";
import { addTask, isAway, isWanted, type Place, timeOf, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

type UpdateStatus = NonNullable<Rollout["UpdateStatus"]>;
type Slots = ReadonlyMap<string, readonly TaskObject[]>;

const nanosecond = 1e-6;

/** How tasks of another spec are replaced, with what holds where the service says nothing. */
function configOf({ Spec }: ServiceObject, isRollback: boolean) {
  const config = (isRollback ? Spec.RollbackConfig : Spec.UpdateConfig) ?? {};
  return {
    parallelism: config.Parallelism ?? 1,
    delay: (config.Delay ?? 0) * nanosecond,
    onFailure: config.FailureAction ?? "pause",
    monitor: (config.Monitor || 5e9) * nanosecond,
    mayFail: config.MaxFailureRatio ?? 0,
    startFirst: config.Order === "start-first",
  };
}

type Config = ReturnType<typeof configOf>;

/** The replacement of the service's tasks stands still until somebody says something else. */
export function isPaused(work: Workspace, service: ServiceObject): boolean {
  const rollout = work.get("rollout", service.ID);
  const state = rollout?.SpecVersion === service.SpecVersion ? rollout.UpdateStatus?.State : undefined;
  return state === "paused" || state === "rollback_paused";
}

/**
 * Replaces tasks of another spec by such of the present one, as many at a time and as slowly as the service says, and
 * tells how it goes. `slots`: the tasks of each place, those that have ended among them.
 */
export function planRollout(work: Workspace, service: ServiceObject, slots: Slots): void {
  if (isPaused(work, service)) return;
  const isNew = ({ SpecVersion }: TaskObject) => SpecVersion === service.SpecVersion;
  const dirty = [...slots.values()].filter((tasks) => tasks.some((task) => isWanted(task) && !isNew(task)));
  const known = work.get("rollout", service.ID);
  const current = known?.SpecVersion === service.SpecVersion ? known.UpdateStatus : null;
  if (current?.State === "completed" || current?.State === "rollback_completed") return;
  if (dirty.length === 0 && !current) return;
  const status = current ?? { State: "updating" as const, StartedAt: timeOf(work), Message: "update in progress" };
  if (!current) tell(work, service, status);

  const config = configOf(service, status.State === "rollback_started");
  const leads = [...slots.values()].flatMap((tasks) => leadOf(work, tasks.filter(isNew), config) ?? []);
  const failed = leads.filter((task) => hasFailed(work, task, config));
  if (failed.length > config.mayFail * slots.size && fail(work, service, status, config.onFailure, failed[0])) return;

  let room =
    config.parallelism === 0
      ? dirty.length
      : config.parallelism - leads.filter((task) => isBusy(work, task, config)).length;
  for (const tasks of dirty) {
    const old = tasks.filter((task) => isWanted(task) && !isNew(task));
    const successor = tasks.find((task) => isWanted(task) && isNew(task));
    if (successor) {
      if (taskStatus(work, successor).State === "running") for (const task of old) want(work, task, "shutdown");
    } else if (room-- > 0) {
      replace(work, service, old, config.startFirst);
    }
  }
  if (dirty.length > 0) return;
  const doneAt = Math.max(...leads.map((task) => settledAt(work, task, config)), 0);
  if (doneAt > work.now) {
    if (Number.isFinite(doneAt)) work.wake(doneAt);
    return;
  }
  const done =
    status.State === "rollback_started"
      ? ({ State: "rollback_completed", Message: "rollback completed" } as const)
      : ({ State: "completed", Message: "update completed" } as const);
  tell(work, service, { ...status, ...done, CompletedAt: timeOf(work) });
}

/**
 * Which of a place's tasks of the present spec says how far the rollout is there: the one that failed, if one has,
 * since those after it are nothing but restarts.
 */
function leadOf(work: Workspace, tasks: readonly TaskObject[], config: Config): TaskObject | undefined {
  return tasks.find((task) => hasFailed(work, task, config)) ?? tasks.findLast(isWanted) ?? tasks.at(-1);
}

/** It ended by itself before it had run for as long as it is watched. */
function hasFailed(work: Workspace, task: TaskObject, { monitor }: Config): boolean {
  const { State } = taskStatus(work, task);
  if (State !== "failed" && State !== "rejected" && State !== "complete") return false;
  const since = work.get("task-report", task.ID)?.RunningSince;
  return since === undefined || statusSince(work, task) - Date.parse(since) < monitor;
}

/** Milliseconds since 1970 from which on a task counts as having come up well; never, while it has not. */
function settledAt(work: Workspace, task: TaskObject, { monitor }: Config): number {
  const { State } = taskStatus(work, task);
  return State === "running" ? upSince(work, task) + monitor : isOver(State) ? 0 : Number.POSITIVE_INFINITY;
}

/** It has not come up yet, or come to an end, or so lately that the next has to wait. */
function isBusy(work: Workspace, task: TaskObject, { delay }: Config): boolean {
  const { State } = taskStatus(work, task);
  if (compareStates(State, "running") < 0) return isWanted(task);
  const until = upSince(work, task) + delay;
  if (until <= work.now) return false;
  work.wake(until);
  return true;
}

/** Milliseconds since 1970 at which it began to run; where it never did, at which it ended. */
function upSince(work: Workspace, task: TaskObject): number {
  const since = work.get("task-report", task.ID)?.RunningSince;
  return since === undefined ? statusSince(work, task) : Date.parse(since);
}

/** What the service wants done when too many tasks fail. False: nothing. */
function fail(
  work: Workspace,
  service: ServiceObject,
  status: UpdateStatus,
  action: "pause" | "continue" | "rollback",
  task: TaskObject | undefined,
): boolean {
  if (action === "continue") return false;
  const because = `due to failure or early termination of task ${task?.ID ?? ""}`;
  if (status.State === "rollback_started") {
    tell(work, service, { ...status, State: "rollback_paused", Message: `rollback paused ${because}` });
  } else if (action === "rollback" && service.PreviousSpec) {
    goBack(work, service, service.PreviousSpec, `update rolled back ${because}`);
  } else {
    tell(work, service, { ...status, State: "paused", Message: `update paused ${because}` });
  }
  return true;
}

/** The service is as it was before, with its credentials of then, and has no other spec to go back to. */
function goBack(work: Workspace, service: ServiceObject, Spec: ServiceObject["Spec"], Message: string): void {
  const { PreviousSpec: _previous, Endpoint: present, ...rest } = draftOf(service);
  const before = { ...rest, Spec, SpecVersion: service.SpecVersion + 1 };
  const Endpoint = allocateEndpoint(work, before, present);
  work.put("service", { ...before, ...(Endpoint && { Endpoint }) });
  const known = work.get("credentials", service.ID);
  if (known) work.put("credentials", { ID: service.ID, Auth: known.PreviousAuth, PreviousAuth: known.Auth });
  tell(work, before, { State: "rollback_started", StartedAt: timeOf(work), Message });
  work.wake(work.now);
}

function replace(work: Workspace, service: ServiceObject, old: readonly TaskObject[], startFirst: boolean): void {
  const [first] = old;
  if (!first) return;
  const place: Place = { Slot: first.Slot, NodeID: first.Slot < 0 ? first.NodeID : "" };
  const gone = old.every((task) => isAway(work, task));
  if (!startFirst) for (const task of old) want(work, task, "shutdown");
  addTask(work, service, place, { DesiredState: startFirst || gone ? "running" : "ready" });
}

function tell(
  work: Workspace,
  { ID, SpecVersion }: Pick<ServiceObject, "ID" | "SpecVersion">,
  UpdateStatus: UpdateStatus,
): void {
  work.put("rollout", { ID, SpecVersion, UpdateStatus });
}
