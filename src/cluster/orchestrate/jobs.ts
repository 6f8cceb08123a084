import type { ServiceObject, TaskObject } from "../model/objects.ts";
import { isOver, taskStatus } from "../model/task-status.ts";
import { nodesFor, placesOn } from "./global.ts";
import { keepPlace, slotsOf } from "./replicated.ts";
import { addTask, isWanted, want } from "./tasks.ts";
import type { Workspace } from "./workspace.ts";

/** As many tasks as are to come to a good end, some of them at a time. */
export function planReplicatedJob(work: Workspace, service: ServiceObject): void {
  const { MaxConcurrent = 1, TotalCompletions = MaxConcurrent } = service.Spec.Mode?.ReplicatedJob ?? {};
  forgetEarlierRuns(work, service);
  const slots = slotsOf(work, service, ({ Slot }) => String(Slot));
  const isDone = (tasks: readonly TaskObject[]) => tasks.some((task) => taskStatus(work, task).State === "complete");
  const isGoing = (tasks: readonly TaskObject[]) => !isDone(tasks) && tasks.some(isWanted);
  const places = [...slots.values()];
  let room = Math.min(
    MaxConcurrent - places.filter(isGoing).length,
    TotalCompletions - places.filter((tasks) => isDone(tasks) || isGoing(tasks)).length - givenUp(work, places),
  );
  for (let slot = 0; room > 0; slot++) {
    if (slots.has(String(slot))) continue;
    addTask(work, service, { Slot: slot, NodeID: "" }, taskOf(service));
    room--;
  }
  for (const tasks of places) if (!isDone(tasks)) keepPlace(work, service, tasks);
}

/** One task to a good end on each node that the constraints let it run on. */
export function planGlobalJob(work: Workspace, service: ServiceObject): void {
  forgetEarlierRuns(work, service);
  const places = placesOn(work, service, nodesFor(work, service), taskOf(service));
  for (const tasks of places.values()) keepPlace(work, service, tasks);
}

const taskOf = (service: ServiceObject) => ({ DesiredState: "complete" as const, JobIteration: runOf(service) });

const runOf = ({ JobStatus }: ServiceObject) => ({ Index: JobStatus?.JobIteration?.Index ?? 0 });

/** Tasks of runs before this one go, whatever has become of them. */
function forgetEarlierRuns(work: Workspace, service: ServiceObject): void {
  for (const task of work.tasksOfService(service.ID)) {
    if ((task.JobIteration?.Index ?? 0) !== runOf(service).Index) want(work, task, "remove");
  }
}

/** Places in which nothing is to run any more, though nothing has come to a good end there. */
const givenUp = (work: Workspace, places: readonly (readonly TaskObject[])[]): number =>
  places.filter(
    (tasks) =>
      !tasks.some(isWanted) &&
      tasks.every((task) => isOver(taskStatus(work, task).State) && taskStatus(work, task).State !== "complete"),
  ).length;
