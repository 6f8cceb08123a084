import { rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { conflict, hasCode, internal, notFound, notImplemented } from "../../lib/errors.ts";
import { Logger } from "../../lib/log.ts";
import { nowNano } from "../../linux/clock.ts";
import { Plugins } from "../../plugin/plugins.ts";
import type { TaskExit } from "../../runtime/deps.ts";
import { builtinLogDrivers } from "../../runtime/logs/driver/builtin.ts";
import { LogDrivers } from "../../runtime/logs/driver/drivers.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { CreatedTask, CreateTaskRequest, TaskIo } from "../../runtime/types.ts";
import type { Calls } from "./calls.ts";
import type { FakeTask, World } from "./world.ts";

/** A runtime whose tasks are notes in a {@link World}. `listeners`: those of the daemon that it belongs to. */
export function fakeRuntime(world: World, calls: Calls, listeners: Set<(exit: TaskExit) => void>): Runtime {
  const refuse = (): never => {
    throw notImplemented("no part of a container's life");
  };
  return {
    cgroupDriver: "cgroupfs",
    instance: "00000000",
    names: () => ["fake"],
    logDrivers: new LogDrivers(builtinLogDrivers(), new Plugins([], new Logger("error"))),
    create: (request) => calls.make("runtime.create", () => create(world, request)),
    start: (id) =>
      calls.make("runtime.start", () => {
        const task = taskOf(world, id);
        if (task.phase !== "created") throw internal(`the task is ${task.phase}`);
        task.phase = "running";
      }),
    attach: (id) =>
      calls.make("runtime.attach", () => {
        taskOf(world, id);
        return silentIo();
      }),
    resize: refuse,
    checkpoint: (id) => calls.make("runtime.checkpoint", () => void taskOf(world, id)),
    pause: (id) => calls.make("runtime.pause", () => void (taskOf(world, id).phase = "paused")),
    resume: (id) =>
      calls.make("runtime.resume", () => {
        const task = taskOf(world, id);
        task.phase = "running";
        if (task.pendingSignal > 0) endTask(world, listeners, id, { exitCode: 128 + task.pendingSignal });
      }),
    update: (id, resources) =>
      calls.make("runtime.update", () => void Object.assign(taskOf(world, id).resources, resources)),
    kill: (id, signal) => calls.make("runtime.kill", () => signalTask(world, listeners, id, signal)),
    killProcess: (id) =>
      calls.makeNow("runtime.killProcess", () => {
        if (taskOf(world, id).phase === "ended") return false;
        endTask(world, listeners, id, { exitCode: 137 });
        return true;
      }),
    delete: (id) =>
      calls.make("runtime.delete", () => {
        world.tasks.delete(id);
        removeIfEmpty(dirname(world.rootfsPath(id)));
      }),
    exec: refuse,
    resizeExec: refuse,
    killExec: refuse,
    takeExecExit: () => null,
    ids: () => [...world.tasks.keys()],
    isAlive: (id) => world.tasks.has(id) && taskOf(world, id).phase !== "ended",
    isPaused: (id) => taskOf(world, id).phase === "paused",
    spec: (id) => taskOf(world, id).spec,
    pids: (id) => [taskOf(world, id).pid],
    stats: refuse,
    readExit: (id) => world.tasks.get(id)?.exit ?? null,
    watchExits(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    tellExit(id) {
      const exit = world.tasks.get(id)?.exit;
      if (exit) for (const tell of listeners) tell(exit);
      return exit != null;
    },
    watchOoms: () => ({ [Symbol.dispose]: () => {} }),
    collections: {
      begin: () => calls.make("collections.begin", () => {}),
      forget: () => calls.make("collections.forget", () => {}),
      takeUp: () => {},
      end: () => {},
      stop: () => Promise.resolve(),
    },
    sendings: {
      begin: () => calls.make("sendings.begin", () => {}),
      settle: () => Promise.resolve(),
      forget: () => Promise.resolve(),
      takeUp: () => {},
      end: () => {},
      stop: () => Promise.resolve(),
    },
  };
}

/** A container's first process ends. Those who watch it are told once the call that ended it has returned. */
export function endTask(
  world: World,
  listeners: Set<(exit: TaskExit) => void>,
  id: string,
  end: { exitCode: number; oomKilled?: boolean; finishedAt?: bigint },
): void {
  const task = taskOf(world, id);
  const exit = { id, oomKilled: false, finishedAt: nowNano(), ...end };
  Object.assign(task, { phase: "ended", exit });
  queueMicrotask(() => {
    for (const tell of listeners) tell(exit);
  });
}

function taskOf(world: World, id: string): FakeTask {
  const task = world.tasks.get(id);
  if (!task) throw notFound(`no such task: ${id}`);
  return task;
}

/** In place of what an earlier run may have left. Refuses where what it is to be built upon is not there. */
async function create(world: World, { id, spec, onBegun }: CreateTaskRequest): Promise<CreatedTask> {
  if (!world.rootfs.get(id)?.mounted) throw internal("the root filesystem is not mounted");
  const network = spec.linux.namespaces.find(({ type }) => type === "network");
  if (network?.path && !world.sandboxes.has(id)) throw internal("there is no network namespace");
  const pid = world.newPid();
  world.tasks.set(id, { phase: "created", pid, spec, pendingSignal: 0, deafTo: [], exit: null, resources: {} });
  onBegun?.();
  return { pid, conmonPid: world.newPid() };
}

function signalTask(world: World, listeners: Set<(exit: TaskExit) => void>, id: string, signal: number): void {
  const task = taskOf(world, id);
  if (task.phase === "ended") throw conflict(`Container ${id} is not running`);
  if (task.deafTo.includes(signal)) return;
  if (task.phase === "paused") task.pendingSignal = signal;
  else endTask(world, listeners, id, { exitCode: 128 + signal });
}

function silentIo(): TaskIo {
  return {
    frames: (async function* () {})(),
    write: () => Promise.resolve(),
    closeStdin: () => {},
    close: () => {},
  };
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY")) throw error;
  }
}
