import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import { cgroupPath, oomKills } from "../linux/cgroup-tree.ts";
import { nowNano } from "../linux/clock.ts";
import { processRuns } from "../linux/proc.ts";
import { exitsDir, type RuntimeDeps, type TaskExit, taskDir } from "./deps.ts";
import { findTaskRecord, readPidFile } from "./task-record.ts";

/** What the exit code is said to be where nobody saw the end (the monitor was killed). */
const UNSEEN_EXIT = 255;

/** Whether the container's first process lives (created, running or paused). */
export function isAlive(deps: RuntimeDeps, id: string): boolean {
  const record = findTaskRecord(deps, id);
  return record?.pid !== undefined && processRuns(record.pid, record.startTime);
}

/**
 * How a container ended, also if that was while no daemon ran. Null while it lives, and where nothing is known
 * of it (never created, deleted, or the machine was started anew since).
 */
export function readExit(deps: RuntimeDeps, id: string): TaskExit | null {
  const seen = readExitFile(deps, id);
  if (seen !== null) return seen;
  const record = findTaskRecord(deps, id);
  if (record === null || isAlive(deps, id) || isMonitored(deps, id)) return null;
  // The monitor writes the file just before it leaves: it may have done both since the look above.
  return (
    readExitFile(deps, id) ?? { id, exitCode: UNSEEN_EXIT, finishedAt: nowNano(), oomKilled: wasOomKilled(deps, id) }
  );
}

/** What the monitor wrote down; null where it did not (yet). */
function readExitFile(deps: RuntimeDeps, id: string): TaskExit | null {
  const path = join(exitsDir(deps), id);
  try {
    const exitCode = Number.parseInt(readFileSync(path, "utf8"), 10);
    return { id, exitCode, finishedAt: statSync(path, { bigint: true }).mtimeNs, oomKilled: wasOomKilled(deps, id) };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

/** Whether the container's monitor lives. */
export function isMonitored(deps: RuntimeDeps, id: string): boolean {
  const pid = readPidFile(join(taskDir(deps, id), "conmon.pid"));
  return pid !== null && isMonitorProcess(pid, id);
}

/** Process numbers are used again: a monitor has its container's id on its command line. */
export function isMonitorProcess(pid: number, id: string): boolean {
  try {
    return processRuns(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(id);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return false;
    throw error;
  }
}

/**
 * The monitor leaves a file `oom` (see conmon's oom handling); the cgroup's own count catches what it was too late for.
 */
function wasOomKilled(deps: RuntimeDeps, id: string): boolean {
  if (existsSync(join(taskDir(deps, id), "oom"))) return true;
  const record = findTaskRecord(deps, id);
  return (
    record !== null &&
    record.cgroupsPath !== "" &&
    oomKills(deps.cgroups, cgroupPath(deps.cgroupDriver, record.cgroupsPath)) > 0
  );
}
