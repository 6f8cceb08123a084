import type { TaskObject } from "../model/objects.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { isWanted, timeOf } from "../orchestrate/tasks.ts";
import type { Workspace } from "../orchestrate/workspace.ts";
import { draftOf } from "../version.ts";
import { filtersFor } from "./filters.ts";
import { NodeLoad } from "./node-load.ts";

/**
 * Gives tasks that have no node yet to nodes: to such as have what they need, evenly over what the service's
 * preferences name, then where fewest of the service's run, then where fewest of all. The same state gives the same
 * answer. Tasks that no node can have say why.
 */
export function schedule(work: Workspace): void {
  const waiting = [...work.all("task")].filter((task) => isWaiting(work, task));
  if (waiting.length === 0) return;
  waiting.sort((a, b) => a.CreatedAt.localeCompare(b.CreatedAt) || a.ID.localeCompare(b.ID));
  const loads = loadsOf(work);
  const groups = Map.groupBy(waiting, ({ ServiceID, SpecVersion }) => `${ServiceID} ${SpecVersion}`);
  for (const tasks of groups.values()) scheduleAlike(work, tasks, loads);
}

const isWaiting = (work: Workspace, task: TaskObject): boolean =>
  isWanted(task) &&
  (task.Status.State === "new" || task.Status.State === "pending") &&
  !work.get("task-report", task.ID) &&
  task.ServiceID !== "";

function loadsOf(work: Workspace): NodeLoad[] {
  return [...work.all("node")]
    .sort((a, b) => (a.ID < b.ID ? -1 : 1))
    .map((node) => {
      const load = new NodeLoad(node, work.get("node-report", node.ID));
      for (const task of work.tasksOfNode(node.ID)) {
        if (!isOver(taskStatus(work, task).State) && !isWaiting(work, task)) load.add(task);
      }
      return load;
    });
}

/** Tasks of one spec: what does not change from one to the next is looked at once. */
function scheduleAlike(work: Workspace, tasks: readonly TaskObject[], loads: readonly NodeLoad[]): void {
  const [first] = tasks;
  if (!first) return;
  const filters = filtersFor(work, first);
  for (const task of tasks) {
    const choice = task.NodeID === "" ? loads : loads.filter(({ node }) => node.ID === task.NodeID);
    const failures = filters.map(() => 0);
    const fitting = choice.filter((load) => {
      const failed = filters.findIndex((filter) => !filter.passes(load, task));
      if (failed >= 0) failures[failed] = (failures[failed] ?? 0) + 1;
      return failed < 0;
    });
    const load = best(task, fitting);
    if (load) {
      assign(work, task, load);
      continue;
    }
    const complaints = filters
      .map((filter, i) => ({ filter, nodes: failures[i] ?? 0 }))
      .filter(({ nodes }) => nodes > 0)
      .sort((a, b) => b.nodes - a.nodes)
      .map(({ filter, nodes }) => filter.complaint(nodes));
    postpone(work, task, `no suitable node${complaints.length > 0 ? ` (${complaints.join("; ")})` : ""}`);
  }
}

/** Where there is most room for one more of the service's tasks. */
function best(task: TaskObject, fitting: readonly NodeLoad[]): NodeLoad | undefined {
  let candidates = fitting;
  for (const { Spread } of task.Spec.Placement?.Preferences ?? []) {
    const groups = Map.groupBy(candidates, (load) => labelOf(load, Spread?.SpreadDescriptor ?? ""));
    const count = (loads: readonly NodeLoad[]) => loads.reduce((sum, load) => sum + load.tasksOf(task.ServiceID), 0);
    candidates = [...groups.values()].reduce(
      (a, b) => (count(b) < count(a) ? b : a),
      candidates.length > 0 ? ([...groups.values()][0] ?? []) : [],
    );
  }
  let found: NodeLoad | undefined;
  for (const load of candidates) {
    if (!found) {
      found = load;
      continue;
    }
    const difference = load.tasksOf(task.ServiceID) - found.tasksOf(task.ServiceID) || load.total - found.total;
    if (difference < 0) found = load;
  }
  return found;
}

/** What a preference such as `node.labels.rack` finds at a node; nodes without it are a group of their own. */
function labelOf({ node, report }: NodeLoad, descriptor: string): string {
  const [, scope, name = ""] = /^(node|engine)\.labels\.(.*)$/i.exec(descriptor) ?? [];
  const labels = scope?.toLowerCase() === "engine" ? report?.Description.Engine?.Labels : node.Spec.Labels;
  return labels?.[name] ?? "";
}

function assign(work: Workspace, task: TaskObject, load: NodeLoad): void {
  const generic = load.takeGeneric(task.Spec.Resources) ?? [];
  const assigned: TaskObject = {
    ...task,
    NodeID: load.node.ID,
    Status: { State: "assigned", Timestamp: timeOf(work), Message: "scheduler assigned task to node" },
    ...(generic.length > 0 && { AssignedGenericResources: generic }),
  };
  load.add(assigned);
  work.put("task", draftOf(assigned));
}

function postpone(work: Workspace, task: TaskObject, Err: string): void {
  if (task.Status.State === "pending" && task.Status.Err === Err) return;
  const Status = { State: "pending" as const, Timestamp: timeOf(work), Message: "pending task scheduling", Err };
  work.put("task", { ...draftOf(task), Status });
}
