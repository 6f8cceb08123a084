import type { CgroupDriver } from "../linux/cgroup.ts";
import type { OciResources, OciSpec } from "../oci/runtime.ts";
import { attachTask } from "./attach.ts";
import { type CheckpointRequest, checkpointTask } from "./checkpoint.ts";
import { createTask } from "./create.ts";
import { deleteTask } from "./delete.ts";
import type { RuntimeDeps, TaskExit } from "./deps.ts";
import { execTask } from "./exec.ts";
import { takeExecExit } from "./exec-exits.ts";
import { taskIds, tellExit, watchExits } from "./exits.ts";
import { killExec, killProcess, killTask, taskPids } from "./kill.ts";
import type { Collections } from "./logs/collections.ts";
import type { LogDrivers } from "./logs/driver/drivers.ts";
import type { Sendings } from "./logs/send/sendings.ts";
import type { OomListener } from "./oom.ts";
import { isPaused, pauseTask, resumeTask } from "./pause.ts";
import { resizeExec, resizeTask } from "./resize.ts";
import { startTask } from "./start.ts";
import { type TaskStats, taskStats } from "./stats.ts";
import { taskSpec } from "./task-spec.ts";
import { isAlive, readExit } from "./task-state.ts";
import type { CreatedTask, CreateTaskRequest, ExecTaskRequest, StartedExec, TaskIo } from "./types.ts";
import { updateTask } from "./update.ts";

/**
 * What a container's life needs of the runtime. A task is a container's processes, under the container's id. The files
 * of this folder say what each verb does; containers are told of these words alone, so that their life can be run
 * through without a kernel.
 */
export interface Runtime {
  readonly cgroupDriver: CgroupDriver;
  /** First 8 hex digits of sha256 of the data root; names cgroups that belong to no single container. */
  readonly instance: string;
  /** Names that a container may ask for. A reload changes them. */
  names(): string[];

  /** What an earlier task of the container left goes first. */
  create(request: CreateTaskRequest): Promise<CreatedTask>;
  start(id: string): Promise<void>;
  attach(id: string): Promise<TaskIo>;
  resize(id: string, width: number, height: number): Promise<void>;
  /** Saves the processes, to go on from there by a later `create`. */
  checkpoint(id: string, request: CheckpointRequest): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  update(id: string, resources: OciResources): Promise<void>;
  kill(id: string, signal: number): Promise<void>;
  /** SIGKILL, past the low-level runtime. False where the process has ended. */
  killProcess(id: string): boolean;
  delete(id: string): Promise<void>;

  exec(request: ExecTaskRequest): Promise<StartedExec>;
  resizeExec(id: string, execId: string, width: number, height: number): Promise<void>;
  killExec(id: string, pid: number): void;
  takeExecExit(id: string, execId: string): TaskExit | null;

  /** Every task there is, ended ones that were not deleted included. */
  ids(): string[];
  isAlive(id: string): boolean;
  isPaused(id: string): boolean;
  /** The specification that it was made by. */
  spec(id: string): OciSpec;
  pids(id: string): number[];
  stats(id: string, options: { network: boolean }): TaskStats;
  readExit(id: string): TaskExit | null;
  watchExits(listener: (exit: TaskExit) => void): Disposable;
  /** Tells those who watch of an end once more. False where none is known. */
  tellExit(id: string): boolean;
  watchOoms(listener: OomListener): Disposable;
  /** What can become of output. */
  readonly logDrivers: LogDrivers;
  /** Logs that a collector may follow. */
  readonly collections: Pick<Collections, "begin" | "takeUp" | "end" | "forget" | "stop">;
  /** Logs that are sent elsewhere. */
  readonly sendings: Pick<Sendings, "begin" | "takeUp" | "end" | "settle" | "forget" | "stop">;
}

/** The runtime of this machine: the verbs of this folder. */
export function openRuntime(deps: RuntimeDeps): Runtime {
  return {
    cgroupDriver: deps.cgroupDriver,
    instance: deps.instance,
    names: () => Object.keys(deps.runtimes),
    create: (request) => createTask(deps, request),
    start: (id) => startTask(deps, id),
    attach: (id) => attachTask(deps, id),
    resize: (id, width, height) => resizeTask(deps, id, width, height),
    checkpoint: (id, request) => checkpointTask(deps, id, request),
    pause: (id) => pauseTask(deps, id),
    resume: (id) => resumeTask(deps, id),
    update: (id, resources) => updateTask(deps, id, resources),
    kill: (id, signal) => killTask(deps, id, signal),
    killProcess: (id) => killProcess(deps, id),
    delete: (id) => deleteTask(deps, id),
    exec: (request) => execTask(deps, request),
    resizeExec: (id, execId, width, height) => resizeExec(deps, id, execId, width, height),
    killExec: (id, pid) => killExec(deps, id, pid),
    takeExecExit: (id, execId) => takeExecExit(deps, id, execId),
    ids: () => taskIds(deps),
    isAlive: (id) => isAlive(deps, id),
    isPaused: (id) => isPaused(deps, id),
    spec: (id) => taskSpec(deps, id),
    pids: (id) => taskPids(deps, id),
    stats: (id, options) => taskStats(deps, id, options),
    readExit: (id) => readExit(deps, id),
    watchExits: (listener) => watchExits(deps, listener),
    tellExit: (id) => tellExit(deps, id),
    watchOoms: (listener) => deps.ooms.listen(listener),
    logDrivers: deps.logDrivers,
    collections: deps.collections,
    sendings: deps.sendings,
  };
}
