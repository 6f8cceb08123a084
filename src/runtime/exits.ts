import { join } from "node:path";
import { namesIn } from "../lib/names-in.ts";
import { onProcessEnd } from "../linux/pidfd.ts";
import { type RuntimeDeps, type TaskExit, taskDir } from "./deps.ts";
import { emitExit } from "./emit-exit.ts";
import { adoptExecs } from "./exec-exits.ts";
import { keepTaskLog } from "./keep-log.ts";
import { enterMonitorCgroup } from "./monitor-cgroup.ts";
import { watchOoms } from "./oom-count.ts";
import { findTaskRecord, readPidFile } from "./task-record.ts";
import { isAlive, isMonitored, isMonitorProcess, readExit } from "./task-state.ts";

/**
 * Calls back for every container and exec that ends from now on, those that an earlier daemon started included.
 * What ended before is asked with readExit: start watching first, then ask, and nothing is missed (an end in
 * between shows in both). An exec's call never comes before its execTask has returned.
 */
export function watchExits(deps: RuntimeDeps, listener: (exit: TaskExit) => void): Disposable {
  const first = deps.exitListeners.size === 0;
  deps.exitListeners.add(listener);
  if (first) for (const id of taskIds(deps)) adoptTask(deps, id);
  return { [Symbol.dispose]: () => void deps.exitListeners.delete(listener) };
}

function adoptTask(deps: RuntimeDeps, id: string): void {
  const pid = readPidFile(join(taskDir(deps, id), "conmon.pid"));
  if (pid !== null && isMonitorProcess(pid, id)) adoptMonitor(deps, id, pid);
  else if (isAlive(deps, id)) watchOrphan(deps, id);
  adoptExecs(deps, id);
}

/** Ids of all tasks that exist below the exec root, ended ones that were not deleted included. */
export function taskIds(deps: RuntimeDeps): string[] {
  return namesIn(join(deps.execRoot, "containers")).filter((id) => findTaskRecord(deps, id) !== null);
}

/** Tells the listeners of a container's end, once more where they know it. False where none is known. */
export function tellExit(deps: RuntimeDeps, id: string): boolean {
  const exit = readExit(deps, id);
  if (exit !== null) emitExit(deps, exit);
  return exit !== null;
}

/** A container of an earlier daemon whose monitor lives. */
function adoptMonitor(deps: RuntimeDeps, id: string, pid: number): void {
  watchMonitor(deps, id, pid);
  // The daemon before this one may have had no time for it, or have run in another place.
  enterMonitorCgroup(deps, pid);
  const record = findTaskRecord(deps, id);
  if (record === null) return;
  keepTaskLog(deps, id, record, { adopted: true });
  watchOoms(deps, id, record);
}

/**
 * Waits, without holding anything up, for a monitor's end: it leaves when its container has, after writing the exit
 * code.
 */
export function watchMonitor(deps: RuntimeDeps, id: string, pid: number): void {
  if (deps.watched.has(id)) return;
  deps.watched.add(id);
  onProcessEnd(pid, () => {
    deps.watched.delete(id);
    // A task that was made anew meanwhile has its own monitor, and is watched for itself.
    if (!tellExit(deps, id) && !isMonitored(deps, id)) watchOrphan(deps, id);
  });
}

/**
 * Watches a container whose monitor was killed: its end is still noticed, its exit code is lost. If it has ended
 * already, that is reported at once.
 */
function watchOrphan(deps: RuntimeDeps, id: string): void {
  const pid = findTaskRecord(deps, id)?.pid;
  if (pid === undefined || deps.watched.has(id)) return;
  deps.log.warn("the monitor of a container was killed", { id });
  deps.watched.add(id);
  onProcessEnd(pid, () => {
    deps.watched.delete(id);
    tellExit(deps, id);
  });
}
