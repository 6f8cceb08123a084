import type { TaskObject } from "../model/objects.ts";
import { isOver, statusSince, taskStatus } from "../model/task-status.ts";
import { lacksAddresses } from "../orchestrate/give-addresses.ts";
import { byAge, isUnplaced, isWanted, postpone, timeOf } from "../orchestrate/tasks.ts";
import type { Workspace } from "../orchestrate/workspace.ts";
import { draftOf } from "../version.ts";
import { type Filter, filtersFor } from "./filters.ts";
import { NodeLoad } from "./node-load.ts";
import { Spread } from "./spread.ts";

/** Milliseconds for which it counts against a node that a task has failed there. */
const failureCounts = 300_000;

/**
 * Gives tasks that have no node yet to nodes that have what they need, in the order of {@link Spread}. The same state
 * gives the same answer. Tasks that no node can have say why.
 */
export function schedule(work: Workspace): void {
  const waiting = [...work.all("task")].filter((task) => isUnplaced(task) && !lacksAddresses(work, task)).sort(byAge);
  if (waiting.length === 0) return;
  const loads = loadsOf(work);
  for (const tasks of Map.groupBy(waiting, specIdOf).values()) scheduleAlike(work, tasks, loads);
}

/** Tasks that have it in common are alike. */
const specIdOf = ({ ServiceID, SpecVersion }: TaskObject): string => `${ServiceID} ${SpecVersion}`;

/** By node. */
function loadsOf(work: Workspace): Map<string, NodeLoad> {
  const loads = new Map<string, NodeLoad>();
  for (const node of work.all("node")) {
    const load = new NodeLoad(node, work.get("node-report", node.ID));
    for (const task of work.tasksOfNode(node.ID)) {
      const { State } = taskStatus(work, task);
      const failed = State === "failed" || State === "rejected";
      if (failed && statusSince(work, task) > work.now - failureCounts) load.addFailure(specIdOf(task));
      if (!isOver(State) && !isUnplaced(task)) load.add(task, isWanted(task));
    }
    loads.set(node.ID, load);
  }
  return loads;
}

/** Tasks of one spec: what does not change from one to the next is looked at once. */
function scheduleAlike(work: Workspace, tasks: readonly TaskObject[], loads: ReadonlyMap<string, NodeLoad>): void {
  const [first] = tasks;
  if (!first) return;
  const filters = filtersFor(work, first);
  const fits = (load: NodeLoad) => filters.every((filter) => filter.passes(load));
  const descriptors = (first.Spec.Placement?.Preferences ?? []).flatMap(({ Spread }) => Spread?.SpreadDescriptor ?? []);
  let spread: Spread | undefined;
  let complaint: string | undefined;
  for (const task of tasks) {
    if (task.NodeID) {
      const load = loads.get(task.NodeID);
      if (load && fits(load)) assign(work, task, load);
      else postpone(work, task, complaintOf(filters, load ? [load] : []));
      continue;
    }
    spread ??= new Spread(loads.values(), descriptors, { serviceId: task.ServiceID, specId: specIdOf(task) });
    if (!complaint && spread.place(fits, (load) => assign(work, task, load))) continue;
    // What one of them cannot have, those after it cannot have either.
    complaint ??= complaintOf(filters, loads.values());
    postpone(work, task, complaint);
  }
}

/** Why none of the nodes will do, in Docker's words: what keeps most of them out first. */
function complaintOf(filters: readonly Filter[], loads: Iterable<NodeLoad>): string {
  const counts = new Map<Filter, number>();
  for (const load of loads) {
    const failed = filters.find((filter) => !filter.passes(load));
    if (failed) counts.set(failed, (counts.get(failed) ?? 0) + 1);
  }
  const complaints = filters
    .flatMap((filter) => ({ filter, nodes: counts.get(filter) ?? 0 }))
    .filter(({ nodes }) => nodes > 0)
    .sort((a, b) => b.nodes - a.nodes)
    .map(({ filter, nodes }) => filter.complaint(nodes));
  return `no suitable node${complaints.length > 0 ? ` (${complaints.join("; ")})` : ""}`;
}

function assign(work: Workspace, task: TaskObject, load: NodeLoad): void {
  const generic = load.takeGeneric(task.Spec.Resources) ?? [];
  const assigned: TaskObject = {
    ...task,
    NodeID: load.node.ID,
    Status: { State: "assigned", Timestamp: timeOf(work), Message: "scheduler assigned task to node" },
    ...(generic.length > 0 && { AssignedGenericResources: generic }),
  };
  load.add(assigned, true);
  work.put("task", draftOf(assigned));
}
