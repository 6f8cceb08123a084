import type { TaskObject } from "../model/objects.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { draftOf } from "../version.ts";
import { byAge, isAway, isWanted, timeOf, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

const defaultHistory = 5;

/**
 * Forgets tasks: those that were to go and have gone, those of services that are no more, and of each place the oldest
 * of more than the cluster wants to remember.
 */
export function reap(work: Workspace): void {
  const [cluster] = work.all("cluster");
  const limit = cluster?.Spec.Orchestration?.TaskHistoryRetentionLimit ?? defaultHistory;
  const places = new Map<string, TaskObject[]>();
  for (const task of [...work.all("task")]) {
    if (task.ServiceID && !work.get("service", task.ServiceID)) want(work, task, "remove");
    if (task.NodeID && !work.get("node", task.NodeID)) orphan(work, task);
    const { DesiredState } = work.get("task", task.ID) ?? task;
    if (DesiredState === "remove") {
      if (task.NodeID === "" || isAway(work, task)) forget(work, task);
      continue;
    }
    if (!task.ServiceID) {
      // A container that somebody attached to a network: it is over when its node says so, or is none any more.
      if (isAway(work, task) && (task.NodeID === "" || !work.get("node", task.NodeID) || isEnded(work, task)))
        forget(work, task);
      continue;
    }
    const place = `${task.ServiceID} ${task.Slot < 0 ? task.NodeID : task.Slot}`;
    const others = places.get(place);
    if (others) others.push(task);
    else places.set(place, [task]);
  }
  // The rest of a commit in several parts that was not finished.
  for (const { ID } of [...work.all("task-report")]) if (!work.get("task", ID)) work.remove("task-report", ID);
  if (limit < 0) return;
  for (const tasks of places.values()) {
    let surplus = tasks.length - Math.max(limit, 1);
    if (surplus <= 0 && limit > 0) continue;
    if (limit === 0) surplus = tasks.length;
    tasks.sort(byAge);
    for (const task of tasks) {
      if (surplus <= 0) break;
      if (isWanted(task) || !isAway(work, task) || isLastOfItsSpec(tasks, task)) continue;
      forget(work, task);
      surplus--;
    }
  }
}

/** Nobody will ever hear of it again. */
function orphan(work: Workspace, { ID }: TaskObject): void {
  const task = work.get("task", ID);
  if (!task || isOver(taskStatus(work, task).State)) return;
  const Message = "Task belonged to a node that has been deleted";
  work.put("task", { ...draftOf(task), Status: { State: "orphaned", Timestamp: timeOf(work), Message } });
}

const isEnded = (work: Workspace, { ID }: TaskObject): boolean => work.get("task-report", ID) !== undefined;

/** What is not to be started again is known by the last that has ended. */
const isLastOfItsSpec = (tasks: readonly TaskObject[], task: TaskObject): boolean => tasks.at(-1) === task;

function forget(work: Workspace, { ID }: TaskObject): void {
  work.remove("task", ID);
  work.remove("task-report", ID);
}
