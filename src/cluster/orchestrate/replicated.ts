import type { ServiceObject, TaskObject } from "../model/objects.ts";
import type { ClusterState } from "../model/state.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { adopt } from "./adopt.ts";
import { keepRunning, releaseReady } from "./restart.ts";
import { isPaused, planRollout } from "./rollout.ts";
import { addTask, byAge, isLost, isWanted, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

/** As many tasks as the service wants, each in a slot of its own. */
export function planReplicated(work: Workspace, service: ServiceObject): void {
  const wanted = service.Spec.Mode?.Replicated?.Replicas ?? 1;
  adopt(work, service);
  const slots = slotsOf(work, service, ({ Slot }) => String(Slot));
  const used = [...slots].filter(([, tasks]) => isUsed(work, service, tasks));
  const numbers = new Set(used.map(([slot]) => slot));
  for (const [slot] of surplus(work, used, used.length - wanted)) {
    for (const task of slots.get(slot) ?? []) want(work, task, "remove");
    slots.delete(slot);
  }
  let missing = wanted - used.length;
  for (let slot = 1; missing > 0; slot++) {
    if (numbers.has(String(slot))) continue;
    addTask(work, service, { Slot: slot, NodeID: "" }, { DesiredState: "running" });
    missing--;
  }
  planRollout(work, service, new Map(used.filter(([slot]) => slots.has(slot))));
  const present = presentSpec(work, service);
  for (const tasks of slots.values()) keepPlace(work, present, tasks);
}

/** The service after the rollout, which may have gone back to the spec before. */
export const presentSpec = (work: Workspace, service: ServiceObject): ServiceObject =>
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
export function keepPlace(work: Workspace, service: ServiceObject, tasks: readonly TaskObject[]): void {
  const now = tasks.flatMap(({ ID }) => work.get("task", ID) ?? []);
  const isPresent = ({ SpecVersion }: TaskObject) => SpecVersion === service.SpecVersion;
  // What has failed of a spec that is not rolled out any further stays down.
  const stays = (task: TaskObject) =>
    isPresent(task) && isPaused(work, service) && isOver(taskStatus(work, task).State);
  const wanted = now.filter((task) => isWanted(task) && !stays(task));
  const successor = bestOf(work, wanted.filter(isPresent));
  const predecessor = bestOf(
    work,
    wanted.filter((task) => !isPresent(task)),
  );
  for (const task of wanted) {
    if (task === (successor ?? predecessor)) keepRunning(work, service, task);
    // The predecessor stays until the rollout ends it, or it has ended by itself.
    else if (task !== predecessor || isOver(taskStatus(work, task).State)) want(work, task, "shutdown");
  }
  releaseReady(
    work,
    service,
    tasks.flatMap(({ ID }) => work.get("task", ID) ?? []),
  );
}

/** Which of them is to go on: the newest that runs, or may yet, or else the last that has ended. */
function bestOf(state: ClusterState, tasks: readonly TaskObject[]): TaskObject | undefined {
  const isRunning = (task: TaskObject) => taskStatus(state, task).State === "running";
  return tasks.findLast(isRunning) ?? tasks.findLast((task) => !isOver(taskStatus(state, task).State)) ?? tasks.at(-1);
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
  const idle = places.filter(({ runs }) => !runs).sort((a, b) => Number(b.place[0]) - Number(a.place[0]));
  const running = places.filter(({ runs }) => runs).sort((a, b) => Number(b.place[0]) - Number(a.place[0]));
  // The highest place of a node goes while that has as many of the service as it has now, the next with one less.
  const ranked = running.map((each) => {
    const crowd = perNode.get(each.node) ?? 0;
    perNode.set(each.node, crowd - 1);
    return { ...each, crowd };
  });
  ranked.sort((a, b) => b.crowd - a.crowd || Number(b.place[0]) - Number(a.place[0]));
  return [...idle, ...ranked].slice(0, count).map(({ place }) => place);
}
