/** How far a service's tasks are, as lines of a display; pure. */

import type { ProgressEvent } from "../../../../api/progress.ts";
import { taskStates } from "../../../../api/task-states.ts";
import type { Service, Task, TaskState } from "../../../../api/types/swarm.ts";

/** What there is of a service at one time. */
export interface Standing {
  service: Service;
  /** Of its newest specification only. */
  tasks: readonly Task[];
  /** Ids of nodes that are not down. */
  activeNodes: ReadonlySet<string>;
  rollback: boolean;
}

/** Every line in order, the new ones and the old; the same line again means the same as none. */
export interface Picture {
  events: ProgressEvent[];
  converged: boolean;
}

const rank = (state: TaskState | undefined) => (state === undefined ? 0 : taskStates.indexOf(state) + 1);
const longestState = "preparing".length;
const running = rank("running");
const isOver = (state: TaskState | undefined) => rank(state) > running;

/** More tasks than these get no lines of their own. */
const mostLines = 20;
const longestError = 75;

/** Draws the service whatever its mode. */
export function picture(standing: Standing): Picture {
  const { Replicated, ReplicatedJob, GlobalJob } = standing.service.Spec?.Mode ?? {};
  if (Replicated) return replicated(standing, Replicated.Replicas ?? 1);
  if (ReplicatedJob) return job(standing, ReplicatedJob.TotalCompletions ?? 1, ReplicatedJob.MaxConcurrent ?? 1);
  return GlobalJob ? globalJob(standing) : global(standing);
}

function replicated(standing: Standing, replicas: number): Picture {
  const bySlot = current(standing, ({ Slot = 0 }) => String(Slot));
  const slots = [...bySlot.keys()].sort((a, b) => Number(a) - Number(b));
  const lines = Array.from({ length: replicas }, (_, i): ProgressEvent => {
    const task = bySlot.get(slots[i] ?? "");
    const id = `${i + 1}/${replicas}`;
    return (task && taskLine(id, task, running, standing.rollback)) ?? { id, status: " " };
  });
  const up = [...bySlot.values()].filter(isUp).length;
  return {
    events: [overall(up, replicas, standing.rollback), ...(replicas <= mostLines ? lines : [])],
    converged: up === replicas,
  };
}

function global(standing: Standing): Picture {
  // Which nodes meet the constraints only the tasks show: they are all made at once.
  const byNode = current(standing, ({ NodeID = "" }) => NodeID);
  if (byNode.size === 0)
    return { events: [{ id: "overall progress", status: "waiting for new tasks" }], converged: false };
  const tasks = [...byNode.values()];
  const up = tasks.filter(isUp).length;
  const lines = tasks.flatMap((task) => {
    const line = taskLine((task.NodeID ?? "").slice(0, 12), task, running, standing.rollback);
    return line ? [line] : [];
  });
  return {
    events: [overall(up, byNode.size, standing.rollback), ...(byNode.size <= mostLines ? lines : [])],
    converged: up === byNode.size,
  };
}

function job(standing: Standing, total: number, concurrent: number): Picture {
  const bySlot = current(standing, ({ Slot = 0 }) => String(Slot));
  const tasks = [...bySlot.values()];
  const complete = tasks.filter(({ Status }) => Status?.State === "complete").length;
  const active = tasks.filter(isUp).length;
  const width = String(total).length;
  const lines = Array.from({ length: total }, (_, i): ProgressEvent => {
    const task = bySlot.get(String(i));
    const id = `${String(i + 1).padStart(width)}/${total}`;
    return (task && taskLine(id, task, running + 1, false)) ?? { id, status: " " };
  });
  const atOnce = Math.min(concurrent, total - complete);
  return {
    events: [
      jobLine(complete, total),
      { id: "active tasks", status: `${String(active).padStart(String(concurrent).length)} out of ${atOnce} tasks` },
      ...(total <= mostLines ? lines : []),
    ],
    converged: complete === total,
  };
}

function globalJob(standing: Standing): Picture {
  const byNode = current(standing, ({ NodeID = "" }) => NodeID);
  if (byNode.size === 0) return { events: [{ id: "job progress", status: "waiting for tasks" }], converged: false };
  const tasks = [...byNode.values()];
  const complete = tasks.filter(({ Status }) => Status?.State === "complete").length;
  const lines = tasks.flatMap((task) => {
    const line = taskLine((task.NodeID ?? "").slice(0, 12), task, running + 1, false);
    return line ? [line] : [];
  });
  return {
    events: [jobLine(complete, byNode.size), ...(byNode.size <= mostLines ? lines : [])],
    converged: complete === byNode.size,
  };
}

/** The task that counts in each place: the one that is to run longest; of these the one that is least far. */
function current({ service, tasks, activeNodes }: Standing, placeOf: (task: Task) => string): Map<string, Task> {
  const run = service.JobStatus?.JobIteration?.Index ?? 0;
  const found = new Map<string, Task>();
  for (const task of tasks) {
    if (task.JobIteration && (task.JobIteration.Index ?? 0) !== run) continue;
    const [wanted, seen] = [rank(task.DesiredState), rank(task.Status?.State)];
    if (wanted === 0 || seen === 0) continue;
    if (task.NodeID && !activeNodes.has(task.NodeID)) continue;
    const other = found.get(placeOf(task));
    const [otherWanted, otherSeen] = [rank(other?.DesiredState), rank(other?.Status?.State)];
    if (other && (otherWanted < wanted || (otherWanted === wanted && otherSeen <= seen))) continue;
    found.set(placeOf(task), task);
  }
  return found;
}

function isUp({ DesiredState, Status }: Task): boolean {
  return (
    DesiredState !== "shutdown" && !["failed", "rejected"].includes(DesiredState ?? "") && Status?.State === "running"
  );
}

function overall(up: number, all: number, rollback: boolean): ProgressEvent {
  return { id: "overall progress", status: `${rollback ? "rolling back update: " : ""}${up} out of ${all} tasks` };
}

function jobLine(complete: number, total: number): ProgressEvent {
  return {
    id: "job progress",
    status: `${String(complete).padStart(String(total).length)} out of ${total} complete`,
    progressDetail: { current: complete, total, hidecounts: true },
  };
}

function taskLine(id: string, task: Task, total: number, rollback: boolean): ProgressEvent | null {
  const { State = "new", Err = "" } = task.Status ?? {};
  if (Err !== "") return { id, status: cut(Err) };
  if (isOver(task.DesiredState) && task.DesiredState !== "complete") return null;
  if (rank(State) > total) return null;
  const far = rollback ? running - rank(State) : rank(State);
  return { id, status: State.padEnd(longestState), progressDetail: { current: far, total, hidecounts: true } };
}

/** On one line, also of a narrow terminal. */
function cut(error: string): string {
  const line = error.replaceAll("\n", " ");
  return line.length > longestError ? `${line.slice(0, longestError - 1)}…` : line;
}
