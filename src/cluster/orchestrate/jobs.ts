import type { ServiceObject, TaskObject } from "../model/objects.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { nodesFor } from "./global.ts";
import { keepPlace, slotsOf } from "./replicated.ts";
import { addTask, isWanted, type Planning, want } from "./tasks.ts";

/** As many tasks as are to come to a good end, some of them at a time. */
export function planReplicatedJob(planning: Planning, service: ServiceObject): void {
  const { work } = planning;
  const { MaxConcurrent = 1, TotalCompletions = MaxConcurrent } = service.Spec.Mode?.ReplicatedJob ?? {};
  forgetEarlierRuns(planning, service);
  const slots = slotsOf(work, service, ({ Slot }) => String(Slot));
  const isDone = (tasks: readonly TaskObject[]) => tasks.some((task) => taskStatus(work, task).State === "complete");
  const isGoing = (tasks: readonly TaskObject[]) => !isDone(tasks) && tasks.some(isWanted);
  const places = [...slots.values()];
  let room = Math.min(
    MaxConcurrent - places.filter(isGoing).length,
    TotalCompletions - places.filter((tasks) => isDone(tasks) || isGoing(tasks)).length - givenUp(planning, places),
  );
  for (let slot = 0; room > 0; slot++) {
    if (slots.has(String(slot))) continue;
    start(planning, service, slot, "");
    room--;
  }
  for (const tasks of places) if (!isDone(tasks)) keepPlace(planning, service, tasks);
}

/** One task to a good end on each node that the constraints let it run on. */
export function planGlobalJob(planning: Planning, service: ServiceObject): void {
  forgetEarlierRuns(planning, service);
  const places = slotsOf(planning.work, service, ({ NodeID }) => NodeID);
  for (const { ID } of nodesFor(planning.work, service)) if (!places.has(ID)) start(planning, service, -1, ID);
  for (const tasks of places.values()) keepPlace(planning, service, tasks);
}

function start(planning: Planning, service: ServiceObject, Slot: number, NodeID: string): void {
  addTask(planning, service, { Slot, NodeID }, { DesiredState: "complete", JobIteration: runOf(service) });
}

const runOf = ({ JobStatus }: ServiceObject) => ({ Index: JobStatus?.JobIteration?.Index ?? 0 });

/** Tasks of runs before this one go, whatever has become of them. */
function forgetEarlierRuns({ work }: Planning, service: ServiceObject): void {
  for (const task of work.tasksOfService(service.ID)) {
    if ((task.JobIteration?.Index ?? 0) !== runOf(service).Index) want(work, task, "remove");
  }
}

/** Places in which nothing is to run any more, though nothing has come to a good end there. */
const givenUp = ({ work }: Planning, places: readonly (readonly TaskObject[])[]): number =>
  places.filter(
    (tasks) =>
      !tasks.some(isWanted) &&
      tasks.every((task) => isOver(taskStatus(work, task).State) && taskStatus(work, task).State !== "complete"),
  ).length;
