import { conflict, errorMessage, internal } from "../lib/errors.ts";
import { cgroupDirs, cgroupPath, cgroupPids } from "../linux/cgroup-tree.ts";
import { closePidfd, openPidfd, signalPidfd } from "../linux/pidfd.ts";
import { processRuns, processStat } from "../linux/proc.ts";
import type { RuntimeDeps } from "./deps.ts";
import { isNative, runRuntime } from "./runtime-command.ts";
import { readTaskRecord } from "./task-record.ts";
import { isAlive } from "./task-state.ts";

const SIGKILL = 9;

/**
 * Signals a container's first process, or with `all` every process of its cgroup. Throws `conflict` with
 * Docker's text where the container does not run.
 */
export async function killTask(
  deps: RuntimeDeps,
  id: string,
  signal: number,
  options: { all?: boolean } = {},
): Promise<void> {
  const record = readTaskRecord(deps, id);
  const notRunning = () => conflict(`Container ${id} is not running`);
  if (!isNative(deps, record.runtime)) {
    // A sandbox: the process seen here is not the container's own.
    const refusal = await killInRuntime(deps, record.runtime, [
      "kill",
      ...(options.all ? ["--all"] : []),
      id,
      String(signal),
    ]);
    if (refusal === null) return;
    if (!isAlive(deps, id)) throw notRunning();
    // With its runtime gone nothing but the end can still be asked of it.
    if (signal !== SIGKILL) throw internal(`cannot kill container ${id}: ${refusal}`);
  }
  const delivered = record.pid !== undefined && signalProcess(record.pid, signal, record.startTime);
  if (options.all) for (const pid of taskPids(deps, id)) if (pid !== record.pid) signalProcess(pid, signal);
  if (!delivered) throw notRunning();
}

/** SIGKILL for a container's first process, past its runtime. False where it has ended. */
export function killProcess(deps: RuntimeDeps, id: string): boolean {
  const { pid, startTime } = readTaskRecord(deps, id);
  return pid !== undefined && signalProcess(pid, SIGKILL, startTime);
}

/** Signals an exec's process, and nothing that it has started. False where it has ended. */
export function signalExec(deps: RuntimeDeps, containerId: string, execPid: number, signal: number): boolean {
  return taskPids(deps, containerId).includes(execPid) && signalProcess(execPid, signal);
}

/**
 * SIGKILL for an exec's process and all that it has started: its session, which both runtimes make for each exec, and
 * what else stands below it. A process that began a session of its own and whose parent has ended cannot be found any
 * more.
 */
export function killExec(deps: RuntimeDeps, containerId: string, execPid: number): void {
  const struck = new Set<number>();
  // Repeated until no new process shows up: one may have started another just before it was killed.
  for (
    let found = family(deps, containerId, execPid);
    found.some((pid) => !struck.has(pid));
    found = family(deps, containerId, execPid)
  ) {
    for (const pid of found) {
      struck.add(pid);
      signalProcess(pid, SIGKILL);
    }
  }
}

function family(deps: RuntimeDeps, containerId: string, execPid: number): number[] {
  const stats = new Map(
    taskPids(deps, containerId).flatMap((pid) => {
      const stat = processStat(pid);
      return stat === null || stat.state === "Z" ? [] : [[pid, stat] as const];
    }),
  );
  const belongs = (pid: number): boolean => {
    const stat = stats.get(pid);
    return stat !== undefined && (pid === execPid || stat.session === execPid || belongs(stat.parent));
  };
  return [...stats.keys()].filter(belongs);
}

/** Null where the runtime did it; else why not. */
async function killInRuntime(deps: RuntimeDeps, runtime: string, args: readonly string[]): Promise<string | null> {
  try {
    const { exitCode, stderr } = await runRuntime(deps, runtime, args);
    return exitCode === 0 ? null : stderr.trim();
  } catch (error) {
    return errorMessage(error);
  }
}

/** Every process of a container, execs included, by number in the daemon's pid namespace. */
export function taskPids(deps: RuntimeDeps, id: string): number[] {
  const { cgroupsPath } = readTaskRecord(deps, id);
  if (cgroupsPath === "") return [];
  const dirs = cgroupDirs(deps.cgroups, cgroupPath(deps.cgroupDriver, cgroupsPath));
  return [...new Set(dirs.flatMap(cgroupPids))].sort((a, b) => a - b);
}

function signalProcess(pid: number, signal: number, startTime?: number): boolean {
  const pidfd = openPidfd(pid);
  if (pidfd === null) return false;
  try {
    // Checked with the descriptor in hand: from here on the number cannot come to mean another process.
    return processRuns(pid, startTime) && signalPidfd(pidfd, signal);
  } finally {
    closePidfd(pidfd);
  }
}
