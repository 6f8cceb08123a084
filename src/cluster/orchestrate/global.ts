import type { NodeObject, ServiceObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { meetsConstraints, parseConstraints } from "../schedule/constraints.ts";
import { keepPlace, presentSpec, slotsOf } from "./replicated.ts";
import { planRollout } from "./rollout.ts";
import { addTask, isLeft, isWanted, type Planning, want } from "./tasks.ts";

/** One task on each node that the service's constraints let it run on. */
export function planGlobal(planning: Planning, service: ServiceObject): void {
  const { work } = planning;
  const places = slotsOf(work, service, ({ NodeID }) => NodeID);
  const wanted = new Set(nodesFor(work, service).map(({ ID }) => ID));
  for (const [nodeId, tasks] of places) {
    if (wanted.has(nodeId)) continue;
    for (const task of tasks) if (isWanted(task)) want(work, task, "shutdown");
    places.delete(nodeId);
  }
  for (const nodeId of wanted) {
    const tasks = places.get(nodeId) ?? [];
    const last = tasks.at(-1);
    // What has ended for good stays so until the spec is another, or its node was away meanwhile.
    const stays = last?.SpecVersion === service.SpecVersion && hasEnded(work, last.ID);
    if (!tasks.some(isWanted) && !stays)
      addTask(planning, service, { Slot: -1, NodeID: nodeId }, { DesiredState: "running" });
  }
  planRollout(planning, service, new Map([...places].filter(([, tasks]) => tasks.some(isWanted))));
  const present = presentSpec(planning, service);
  for (const tasks of places.values()) keepPlace(planning, present, tasks);
}

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

/** It ended by itself, and was told to stay so. */
function hasEnded(state: ClusterState, id: string): boolean {
  const task = state.get("task", id);
  if (!task) return false;
  const { State } = taskStatus(state, task);
  return isOver(State) && State !== "shutdown" && State !== "orphaned";
}
