import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { onProcessEnd } from "../linux/pidfd.ts";
import { removeTree } from "../linux/remove.ts";
import { execDir, taskDir, type RuntimeContext, type TaskExit } from "./context.ts";
import { emitExit } from "./emit-exit.ts";
import { enterMonitorCgroup } from "./monitor-cgroup.ts";
import { readPidFile } from "./task-record.ts";
import { isMonitorProcess } from "./task-state.ts";

/** What the exit code is said to be where nobody saw the end. */
const UNSEEN_EXIT = 255;

/** Has the ends of a container's execs told that an earlier daemon started and that still run. */
export function adoptExecs(ctx: RuntimeContext, containerId: string): void {
  for (const execId of namesIn(join(taskDir(ctx, containerId), "execs"))) {
    const pid = execMonitor(ctx, containerId, execId);
    if (pid === null) continue;
    enterMonitorCgroup(ctx, pid);
    onProcessEnd(pid, () => emitExit(ctx, takeExecExit(ctx, containerId, execId) ?? unseen(containerId, execId)));
  }
}

/**
 * How an exec of an earlier daemon ended, once: its files are removed. Null while it runs (watchExits tells its end).
 * An exec of which nothing is known has ended, with code 255.
 */
export function takeExecExit(ctx: RuntimeContext, containerId: string, execId: string): TaskExit | null {
  if (execMonitor(ctx, containerId, execId) !== null) return null;
  const dir = execDir(ctx, containerId, execId);
  const path = join(dir, "exit");
  try {
    const exitCode = Number.parseInt(readFileSync(path, "utf8"), 10);
    return { id: execId, containerId, exitCode, finishedAt: statSync(path).mtime, oomKilled: false };
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return unseen(containerId, execId);
  } finally {
    removeTree(dir);
  }
}

function execMonitor(ctx: RuntimeContext, containerId: string, execId: string): number | null {
  const pid = readPidFile(join(execDir(ctx, containerId, execId), "conmon.pid"));
  return pid !== null && isMonitorProcess(pid, containerId) ? pid : null;
}

const unseen = (containerId: string, execId: string): TaskExit => ({ id: execId, containerId, exitCode: UNSEEN_EXIT, finishedAt: new Date(), oomKilled: false });
