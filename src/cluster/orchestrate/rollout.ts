import type { Rollout, ServiceObject, TaskObject } from "../model/objects.ts";
import { compareStates, isOver, taskStatus } from "../model/task-status.ts";
import { draftOf } from "../version.ts";
import { addTask, isAway, isWanted, type Place, type Planning, timeOf, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

type UpdateStatus = NonNullable<Rollout["UpdateStatus"]>;
type Slots = ReadonlyMap<string, readonly TaskObject[]>;

const nanosecond = 1e-6;
/** Milliseconds that a task may take to come up for its failure to count against the update. */
const startAllowance = 300_000;

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
export function planRollout(planning: Planning, service: ServiceObject, slots: Slots): void {
  const { work } = planning;
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
  const failed = failedTasks(work, slots, isNew);
  if (failed.length > config.mayFail * slots.size && fail(work, service, status, config.onFailure, failed[0])) return;

  const busy = [...slots.values()].filter((tasks) => tasks.some((task) => isNew(task) && isBusy(work, task, config)));
  let room = config.parallelism === 0 ? dirty.length : config.parallelism - busy.length;
  for (const tasks of dirty) {
    const old = tasks.filter((task) => isWanted(task) && !isNew(task));
    const successor = tasks.find((task) => isWanted(task) && isNew(task));
    if (successor) {
      if (taskStatus(work, successor).State === "running") for (const task of old) want(work, task, "shutdown");
    } else if (room-- > 0) {
      replace(planning, service, old, config.startFirst);
    }
  }
  if (dirty.length > 0) return;
  const wanted = [...slots.values()].flat().filter((task) => isWanted(task));
  const doneAt = Math.max(...wanted.map((task) => settledAt(work, task, config.monitor)), 0);
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

/** Milliseconds since 1970 from which on a task counts as having come up well; never, while it has not. */
function settledAt(work: Workspace, task: TaskObject, monitor: number): number {
  const { State, Timestamp } = taskStatus(work, task);
  return State === "running" ? Date.parse(Timestamp) + monitor : isOver(State) ? 0 : Number.POSITIVE_INFINITY;
}

/** It has not come up yet, or so lately that the next has to wait. */
function isBusy(work: Workspace, task: TaskObject, { delay }: { delay: number }): boolean {
  if (!isWanted(task)) return false;
  const { State, Timestamp } = taskStatus(work, task);
  if (compareStates(State, "running") < 0) return true;
  const until = Date.parse(Timestamp) + delay;
  if (State !== "running" || until <= work.now) return false;
  work.wake(until);
  return true;
}

/** The first of each place that did not come up. */
function failedTasks(work: Workspace, slots: Slots, isNew: (task: TaskObject) => boolean): TaskObject[] {
  return [...slots.values()].flatMap((tasks) => {
    const first = tasks.find((task) => {
      if (!isNew(task)) return false;
      const { State, Timestamp } = taskStatus(work, task);
      if (State !== "failed" && State !== "rejected") return false;
      return Date.parse(Timestamp) - Date.parse(task.CreatedAt) < startAllowance;
    });
    return first ? [first] : [];
  });
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
    const { PreviousSpec, ...rest } = draftOf(service);
    const Spec = service.PreviousSpec;
    const before = { ...rest, Spec, SpecVersion: service.SpecVersion + 1 };
    work.put("service", before);
    tell(work, before, {
      State: "rollback_started",
      StartedAt: timeOf(work),
      Message: `update rolled back ${because}`,
    });
    work.wake(work.now);
  } else {
    tell(work, service, { ...status, State: "paused", Message: `update paused ${because}` });
  }
  return true;
}

function replace(planning: Planning, service: ServiceObject, old: readonly TaskObject[], startFirst: boolean): void {
  const { work } = planning;
  const [first] = old;
  if (!first) return;
  const place: Place = { Slot: first.Slot, NodeID: first.Slot < 0 ? first.NodeID : "" };
  const gone = old.every((task) => isAway(work, task));
  if (!startFirst) for (const task of old) want(work, task, "shutdown");
  addTask(planning, service, place, { DesiredState: startFirst || gone ? "running" : "ready" });
}

function tell(
  work: Workspace,
  { ID, SpecVersion }: Pick<ServiceObject, "ID" | "SpecVersion">,
  UpdateStatus: UpdateStatus,
): void {
  work.put("rollout", { ID, SpecVersion, UpdateStatus });
}
