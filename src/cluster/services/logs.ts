import type { Frame } from "../../api/stdcopy.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { TaskLogOptions } from "../agent/task-logs.ts";
import type { ManagerDeps } from "../deps.ts";
import { find } from "../find.ts";
import type { TaskObject } from "../model/objects.ts";
import { compareStates, taskStatus } from "../model/task-status.ts";
import { Merged } from "./merged.ts";

/** What is written by tasks: of one service, or one task. */
export interface ClusterLogs {
  tty: boolean;
  batches: AsyncIterable<Frame[]>;
}

/** `GET /services/{id}/logs`: of all its tasks, and with `follow` of those that are yet to come. Throws `not-found`. */
export function serviceLogs(deps: ManagerDeps, ref: string, options: TaskLogOptions, signal: AbortSignal): ClusterLogs {
  const { ID, Spec } = find(deps.store.state, "service", ref);
  const tty = Spec.TaskTemplate.ContainerSpec?.TTY ?? false;
  return { tty, batches: logsOf(deps, () => deps.store.state.tasksOfService(ID), options, signal) };
}

/** `GET /tasks/{id}/logs`. Throws `not-found`. */
export function clusterTaskLogs(
  deps: ManagerDeps,
  ref: string,
  options: TaskLogOptions,
  signal: AbortSignal,
): ClusterLogs {
  const { ID, Spec } = find(deps.store.state, "task", ref);
  const task = () => deps.store.state.get("task", ID) ?? [];
  return { tty: Spec.ContainerSpec?.TTY ?? false, batches: logsOf(deps, () => [task()].flat(), options, signal) };
}

/** Merged as they come; of a node that is not there nothing comes. */
async function* logsOf(
  deps: ManagerDeps,
  tasks: () => Iterable<TaskObject>,
  options: TaskLogOptions,
  signal: AbortSignal,
): AsyncGenerator<Frame[]> {
  const { store } = deps;
  const merged = new Merged<Frame[]>();
  const left = new AbortController();
  const either = AbortSignal.any([signal, left.signal]);
  const known = new Set<string>();
  const addNew = () => {
    for (const task of tasks()) {
      const { State } = taskStatus(store.state, task);
      if (known.has(task.ID) || task.NodeID === "" || compareStates(State, "starting") < 0) continue;
      known.add(task.ID);
      merged.add(quietly(deps, task, options, either));
    }
  };
  const end = options.follow === "1" ? store.onChange(addNew) : () => {};
  either.addEventListener("abort", () => merged.end(), { once: true });
  try {
    addNew();
    if (options.follow !== "1") merged.endWhenDone();
    yield* merged.read();
  } finally {
    end();
    left.abort();
  }
}

async function* quietly(
  deps: ManagerDeps,
  task: TaskObject,
  options: TaskLogOptions,
  signal: AbortSignal,
): AsyncGenerator<Frame[]> {
  try {
    yield* deps.logs(task, options, signal);
  } catch (error) {
    if (!signal.aborted)
      deps.log.warn("what a task writes cannot be had", { task: task.ID, error: errorMessage(error) });
  }
}
