import { join } from "node:path";
import { namesIn } from "../lib/names-in.ts";
import { onProcessEnd } from "../linux/pidfd.ts";
import { taskDir, type RuntimeContext, type TaskExit } from "./context.ts";
import { isAlive, isMonitored, isMonitorProcess, readExit } from "./task-state.ts";
import { enterMonitorCgroup } from "./monitor-cgroup.ts";
import { keepTaskLog } from "./keep-log.ts";
import { emitExit } from "./emit-exit.ts";
import { adoptExecs } from "./exec-exits.ts";
import { findTaskRecord, readPidFile } from "./task-record.ts";

/**
 * Calls back for every container and exec that ends from now on, those that an earlier daemon started included.
 * What ended before is asked with readExit: start watching first, then ask, and nothing is missed (an end in
 * between shows in both). An exec's call never comes before its execTask has returned.
 */
export function watchExits(ctx: RuntimeContext, listener: (exit: TaskExit) => void): Disposable {
  const first = ctx.exitListeners.size === 0;
  ctx.exitListeners.add(listener);
  if (first) for (const id of taskIds(ctx)) adoptTask(ctx, id);
  return { [Symbol.dispose]: () => void ctx.exitListeners.delete(listener) };
}

function adoptTask(ctx: RuntimeContext, id: string): void {
  const pid = readPidFile(join(taskDir(ctx, id), "conmon.pid"));
  if (pid !== null && isMonitorProcess(pid, id)) adoptMonitor(ctx, id, pid);
  else if (isAlive(ctx, id)) watchOrphan(ctx, id);
  adoptExecs(ctx, id);
}

/** Ids of all tasks that exist below the exec root, ended ones that were not deleted included. */
export function taskIds(ctx: RuntimeContext): string[] {
  return namesIn(join(ctx.execRoot, "containers")).filter((id) => findTaskRecord(ctx, id) !== null);
}

/** Tells the listeners of a container's end, once more where they know it. False where none is known. */
export function tellExit(ctx: RuntimeContext, id: string): boolean {
  const exit = readExit(ctx, id);
  if (exit !== null) emitExit(ctx, exit);
  return exit !== null;
}

/** A container of an earlier daemon whose monitor lives. */
function adoptMonitor(ctx: RuntimeContext, id: string, pid: number): void {
  watchMonitor(ctx, id, pid);
  // The daemon before this one may have had no time for it, or have run in another place.
  enterMonitorCgroup(ctx, pid);
  const record = findTaskRecord(ctx, id);
  if (record !== null) keepTaskLog(ctx, id, record, { adopted: true });
}

/** Waits, without holding anything up, for a monitor's end: it leaves when its container has, after writing the exit code. */
export function watchMonitor(ctx: RuntimeContext, id: string, pid: number): void {
  if (ctx.watched.has(id)) return;
  ctx.watched.add(id);
  onProcessEnd(pid, () => {
    ctx.watched.delete(id);
    // A task that was made anew meanwhile has its own monitor, and is watched for itself.
    if (!tellExit(ctx, id) && !isMonitored(ctx, id)) watchOrphan(ctx, id);
  });
}

/**
 * A container whose monitor was killed: its end is seen, its exit code is lost. It may have ended since it was last
 * looked at: then that is seen at once.
 */
function watchOrphan(ctx: RuntimeContext, id: string): void {
  const pid = findTaskRecord(ctx, id)?.pid;
  if (pid === undefined || ctx.watched.has(id)) return;
  ctx.log.warn("the monitor of a container was killed", { id });
  ctx.watched.add(id);
  onProcessEnd(pid, () => {
    ctx.watched.delete(id);
    tellExit(ctx, id);
  });
}
