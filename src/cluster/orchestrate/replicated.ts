import type { ServiceObject, TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { keepRunning, releaseReady } from "./restart.ts";
import { isPaused, planRollout } from "./rollout.ts";
import { addTask, byAge, isLost, isWanted, type Planning, want } from "./tasks.ts";

/** As many tasks as the service wants, each in a slot of its own. */
export function planReplicated(planning: Planning, service: ServiceObject): void {
  const { work } = planning;
  const wanted = service.Spec.Mode?.Replicated?.Replicas ?? 1;
  const slots = slotsOf(work, service, ({ Slot }) => String(Slot));
  const used = [...slots].filter(([, tasks]) => isUsed(work, service, tasks));
  for (const [slot] of surplus(work, used, used.length - wanted)) {
    for (const task of slots.get(slot) ?? []) want(work, task, "remove");
    slots.delete(slot);
  }
  let missing = wanted - used.length;
  for (let slot = 1; missing > 0; slot++) {
    if (used.some(([number]) => number === String(slot))) continue;
    addTask(planning, service, { Slot: slot, NodeID: "" }, { DesiredState: "running" });
    missing--;
  }
  planRollout(planning, service, new Map(used.filter(([slot]) => slots.has(slot))));
  const present = presentSpec(planning, service);
  for (const tasks of slots.values()) keepPlace(planning, present, tasks);
}

/** The service after the rollout, which may have gone back to the spec before. */
export const presentSpec = ({ work }: Planning, service: ServiceObject): ServiceObject =>
  work.get("service", service.ID) ?? service;

/** The tasks of each place that are not on their way out of the cluster's memory, the oldest first. */
export function slotsOf(
  state: ClusterState,
  service: ServiceObject,
  placeOf: (task: TaskObject) => string,
): Map<string, TaskObject[]> {
  const tasks = [...state.tasksOfService(service.ID)].filter(({ DesiredState }) => DesiredState !== "remove");
  tasks.sort(byAge);
  return Map.groupBy(tasks, placeOf);
}

/** Sees to what is to run in one place, as it is after the rollout had its say. */
export function keepPlace(planning: Planning, service: ServiceObject, tasks: readonly TaskObject[]): void {
  const { work } = planning;
  const now = tasks.flatMap(({ ID }) => work.get("task", ID) ?? []);
  const wanted = now.filter(isWanted);
  const isNew = ({ SpecVersion }: TaskObject) => SpecVersion === service.SpecVersion;
  const hasNew = wanted.some(isNew);
  for (const task of wanted) {
    if (hasNew && !isNew(task)) {
      // Its successor is there: it only stays until that has come up.
      if (isOver(taskStatus(work, task).State)) want(work, task, "shutdown");
    } else if (!(isNew(task) && isPaused(work, service) && isOver(taskStatus(work, task).State))) {
      keepRunning(planning, service, task);
    }
  }
  releaseReady(work, service, now);
}

/** Something is to run there, or has run there to an end after which nothing is to follow. */
function isUsed(state: ClusterState, service: ServiceObject, tasks: readonly TaskObject[]): boolean {
  if (tasks.some(isWanted)) return true;
  const last = tasks.at(-1);
  return last?.SpecVersion === service.SpecVersion && isOver(taskStatus(state, last).State);
}

/** Which places go: such as run nothing first, then such on nodes with many of the service, then the highest. */
function surplus(
  state: ClusterState,
  used: readonly [string, TaskObject[]][],
  count: number,
): readonly [string, TaskObject[]][] {
  if (count <= 0) return [];
  const perNode = new Map<string, number>();
  const places = used.map(([slot, tasks]) => {
    const task = tasks.findLast(isWanted) ?? tasks.at(-1);
    const node = task?.NodeID ?? "";
    const runs = task !== undefined && taskStatus(state, task).State === "running" && !isLost(state, node);
    if (runs) perNode.set(node, (perNode.get(node) ?? 0) + 1);
    return { place: [slot, tasks] as [string, TaskObject[]], node, runs };
  });
  const gone: [string, TaskObject[]][] = [];
  const idle = places.filter(({ runs }) => !runs).sort((a, b) => Number(b.place[0]) - Number(a.place[0]));
  gone.push(...idle.slice(0, count).map(({ place }) => place));
  const running = places.filter(({ runs }) => runs).sort((a, b) => Number(b.place[0]) - Number(a.place[0]));
  while (gone.length < count && running.length > 0) {
    const most = Math.max(...running.map(({ node }) => perNode.get(node) ?? 0));
    const index = running.findIndex(({ node }) => perNode.get(node) === most);
    const [next] = running.splice(index, 1);
    if (!next) break;
    perNode.set(next.node, most - 1);
    gone.push(next.place);
  }
  return gone;
}
