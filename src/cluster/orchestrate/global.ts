import type { NodeObject, ServiceObject, TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { meetsConstraints, parseConstraints } from "../schedule/constraints.ts";
import { isJob } from "../services/mode.ts";
import { adopt } from "./adopt.ts";
import { keepPlace, presentSpec, slotsOf } from "./replicated.ts";
import { mayRestart } from "./restart.ts";
import { planRollout } from "./rollout.ts";
import { addTask, isLeft, isWanted, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

/** One task on each node that the service's constraints let it run on. */
export function planGlobal(work: Workspace, service: ServiceObject): void {
  adopt(work, service);
  const places = placesOn(work, service, nodesFor(work, service), { DesiredState: "running" });
  // On nodes that pause nothing is replaced.
  const replaceable = [...places].filter(([id, tasks]) => tasks.some(isWanted) && !isPausing(work, id));
  planRollout(work, service, new Map(replaceable));
  const present = presentSpec(work, service);
  for (const tasks of places.values()) keepPlace(work, present, tasks);
}

/**
 * The tasks on these nodes, by node. Those elsewhere are to end; where there are none, and the node takes some, one
 * is made.
 */
export function placesOn(
  work: Workspace,
  service: ServiceObject,
  nodes: readonly NodeObject[],
  more: Parameters<typeof addTask>[3],
): Map<string, TaskObject[]> {
  const places = slotsOf(work, service, ({ NodeID }) => NodeID);
  const wanted = new Set(nodes.map(({ ID }) => ID));
  for (const [nodeId, tasks] of places) {
    if (wanted.has(nodeId)) continue;
    for (const task of tasks) if (isWanted(task)) want(work, task, "shutdown");
    places.delete(nodeId);
  }
  for (const nodeId of wanted) {
    const tasks = places.get(nodeId) ?? [];
    const last = tasks.at(-1);
    // What has ended for good stays so until the spec is another, or its node was away meanwhile.
    const stays = last && isForGood(work, service, last);
    if (!tasks.some(isWanted) && !stays && !isPausing(work, nodeId))
      addTask(work, service, { Slot: -1, NodeID: nodeId }, more);
  }
  return places;
}

const isPausing = (state: ClusterState, nodeId: string): boolean =>
  state.get("node", nodeId)?.Spec.Availability === "pause";

/** Nodes that are up, take tasks, and meet the constraints. */
export function nodesFor(state: ClusterState, { Spec }: ServiceObject): NodeObject[] {
  const constraints = parseConstraints(Spec.TaskTemplate.Placement?.Constraints ?? []);
  return [...state.all("node")].filter(
    (node) =>
      !isLeft(state, node.ID) &&
      state.get("node-report", node.ID) !== undefined &&
      meetsConstraints(constraints, node, state.get("node-report", node.ID)),
  );
}

/** It ended by itself, and nothing is to follow. */
function isForGood(work: Workspace, service: ServiceObject, task: TaskObject): boolean {
  const { State } = taskStatus(work, task);
  if (!isOver(State) || State === "shutdown" || State === "orphaned") return false;
  if (isJob(service.Spec) && State === "complete") return true;
  return (isJob(service.Spec) || task.SpecVersion === service.SpecVersion) && !mayRestart(work, service, task);
}
