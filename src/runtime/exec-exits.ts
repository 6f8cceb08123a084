import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { nowNano } from "../linux/clock.ts";
import { onProcessEnd } from "../linux/pidfd.ts";
import { removeTree } from "../linux/remove.ts";
import { execDir, type RuntimeDeps, type TaskExit, taskDir } from "./deps.ts";
import { emitExit } from "./emit-exit.ts";
import { enterMonitorCgroup } from "./monitor-cgroup.ts";
import { readPidFile } from "./task-record.ts";
import { isMonitorProcess } from "./task-state.ts";

/** What the exit code is said to be where nobody saw the end. */
const UNSEEN_EXIT = 255;

/**
 * Watches the execs of a container that an earlier daemon started and that still run: their ends are reported to the
 * listeners of watchExits.
 */
export function adoptExecs(deps: RuntimeDeps, containerId: string): void {
  for (const execId of namesIn(join(taskDir(deps, containerId), "execs"))) {
    const pid = execMonitor(deps, containerId, execId);
    if (pid === null) continue;
    enterMonitorCgroup(deps, pid);
    onProcessEnd(pid, () => emitExit(deps, takeExecExit(deps, containerId, execId) ?? unseen(containerId, execId)));
  }
}

/**
 * How an exec of an earlier daemon ended. Can be asked once, because its files are removed then. Null while it runs
 * (watchExits reports its end). An exec of which nothing is known counts as ended with code 255.
 */
export function takeExecExit(deps: RuntimeDeps, containerId: string, execId: string): TaskExit | null {
  if (execMonitor(deps, containerId, execId) !== null) return null;
  const dir = execDir(deps, containerId, execId);
  const path = join(dir, "exit");
  try {
    const exitCode = Number.parseInt(readFileSync(path, "utf8"), 10);
    return {
      id: execId,
      containerId,
      exitCode,
      finishedAt: statSync(path, { bigint: true }).mtimeNs,
      oomKilled: false,
    };
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return unseen(containerId, execId);
  } finally {
    removeTree(dir);
  }
}

function execMonitor(deps: RuntimeDeps, containerId: string, execId: string): number | null {
  const pid = readPidFile(join(execDir(deps, containerId, execId), "conmon.pid"));
  return pid !== null && isMonitorProcess(pid, containerId) ? pid : null;
}

const unseen = (containerId: string, execId: string): TaskExit => ({
  id: execId,
  containerId,
  exitCode: UNSEEN_EXIT,
  finishedAt: nowNano(),
  oomKilled: false,
});
