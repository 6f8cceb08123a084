import { rmdirSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, hasCode, internal } from "../lib/errors.ts";
import { namesIn } from "../lib/names-in.ts";
import { cgroupDirs, cgroupPath, cgroupPids, removeCgroup } from "../linux/cgroup-tree.ts";
import { closePidfd, openPidfd, signalPidfd } from "../linux/pidfd.ts";
import { processRuns } from "../linux/proc.ts";
import { removeTree } from "../linux/remove.ts";
import { exitsDir, type RuntimeDeps, runtimeStateDir, taskDir } from "./deps.ts";
import { isNative, runRuntime } from "./runtime-command.ts";
import { findTaskRecord, readPidFile, type TaskRecord } from "./task-record.ts";
import { isMonitorProcess } from "./task-state.ts";

const SIGKILL = 9;

/**
 * Ends whatever is left of a task and forgets it: processes, cgroup, the runtime's state, monitor, exit record.
 * May be called in any state, also for what a crash left half made, and again. The root filesystem's mount and
 * anything else that is not the runtime's stays in the task's directory.
 */
export async function deleteTask(deps: RuntimeDeps, id: string): Promise<void> {
  const dir = taskDir(deps, id);
  const record = findTaskRecord(deps, id);
  deps.ooms.remove(id);
  await deps.logs.release(id);
  const monitorPid = readPidFile(join(dir, "conmon.pid"));
  if (record !== null) {
    if (!canForget(deps, record)) await deleteInRuntime(deps, id, record);
    removeTree(join(runtimeStateDir(deps, record.runtime), id));
    if (record.cgroupsPath !== "") await clearCgroup(deps, cgroupPath(deps.cgroupDriver, record.cgroupsPath));
  }
  const execPids = namesIn(join(dir, "execs")).map((execId) => readPidFile(join(dir, "execs", execId, "conmon.pid")));
  // They still write where this is about to remove.
  for (const pid of [monitorPid, ...execPids]) if (pid !== null) await endMonitor(pid, id);
  removeTree(join(exitsDir(deps), id));
  forgetFiles(dir);
}

/** A runtime that is gone or that knows nothing of the container is no obstacle: what it left is removed by hand. */
async function deleteInRuntime(deps: RuntimeDeps, id: string, record: TaskRecord): Promise<void> {
  try {
    const { exitCode, stderr } = await runRuntime(deps, record.runtime, ["delete", "--force", id]);
    if (exitCode !== 0 && !/does not exist|no such file or directory/i.test(stderr)) {
      deps.log.warn("the runtime could not delete a container", { id, runtime: record.runtime, error: stderr.trim() });
    }
  } catch (error) {
    deps.log.warn("the runtime could not delete a container", {
      id,
      runtime: record.runtime,
      error: errorMessage(error),
    });
  }
}

/**
 * A container that has ended, of a runtime that keeps nothing but a directory and the cgroup: both are removed here in
 * a fraction of the time that starting the runtime takes. systemd has to be told of the end of a scope.
 */
function canForget(deps: RuntimeDeps, { runtime, pid, startTime }: TaskRecord): boolean {
  if (deps.cgroupDriver !== "cgroupfs" || pid === undefined || processRuns(pid, startTime)) return false;
  return isNative(deps, runtime);
}

/** Kills what still lives in a cgroup and removes it from every hierarchy. */
async function clearCgroup(deps: RuntimeDeps, path: string): Promise<void> {
  const dirs = cgroupDirs(deps.cgroups, path);
  for (let attempt = 0; !dirs.map(removeCgroup).every(Boolean); attempt++) {
    if (attempt === 500) throw internal(`processes of the cgroup ${path} do not end`);
    for (const pid of new Set(dirs.flatMap(cgroupPids))) killProcess(pid);
    await Bun.sleep(attempt < 50 ? 1 : 10);
  }
}

/** The monitor leaves by itself once its container is gone; one that hangs is killed. */
async function endMonitor(pid: number, id: string): Promise<void> {
  for (let attempt = 0; isMonitorProcess(pid, id); attempt++) {
    if (attempt === 200) killProcess(pid);
    if (attempt === 1000) throw internal(`the monitor ${pid} of ${id} does not end`);
    await Bun.sleep(attempt < 50 ? 1 : 10);
  }
}

function killProcess(pid: number): void {
  const pidfd = openPidfd(pid);
  if (pidfd === null) return;
  signalPidfd(pidfd, SIGKILL);
  closePidfd(pidfd);
}

/** Files that conmon, the runtime and this folder make in a task's directory. */
const ours = [
  "task.json",
  "task.json.part",
  "config.json",
  "conmon.err",
  "conmon.pid",
  "pid",
  "exit",
  "oom",
  "attach",
  "ctl",
  "winsz",
  "resources.json",
  "paused",
  "execs",
];

function forgetFiles(dir: string): void {
  // task.json goes last: while it is there, a later attempt knows what to clean.
  for (const name of [...ours.slice(1), "task.json"]) removeTree(join(dir, name));
  try {
    rmdirSync(dir);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY")) throw error;
  }
}
