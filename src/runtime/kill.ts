import { conflict } from "../lib/errors.ts";
import { cgroupDirs, cgroupPath, cgroupPids } from "../linux/cgroup-tree.ts";
import { closePidfd, openPidfd, signalPidfd } from "../linux/pidfd.ts";
import { isRunning } from "../linux/proc.ts";
import type { RuntimeContext } from "./context.ts";
import { readTaskRecord } from "./task-record.ts";

/**
 * Signals a container's first process, or with `all` every process of its cgroup. Throws `conflict` with
 * Docker's text where the container does not run.
 */
export function killTask(ctx: RuntimeContext, id: string, signal: number, options: { all?: boolean } = {}): void {
  const record = readTaskRecord(ctx, id);
  const delivered = record.pid !== undefined && signalProcess(record.pid, signal, record.startTime);
  if (options.all) for (const pid of taskPids(ctx, id)) if (pid !== record.pid) signalProcess(pid, signal);
  if (!delivered) throw conflict(`Container ${id} is not running`);
}

/** Every process of a container, execs included, by number in the daemon's pid namespace. */
export function taskPids(ctx: RuntimeContext, id: string): number[] {
  const { cgroupsPath } = readTaskRecord(ctx, id);
  if (cgroupsPath === "") return [];
  const dirs = cgroupDirs(ctx.cgroups, cgroupPath(ctx.cgroupDriver, cgroupsPath));
  return [...new Set(dirs.flatMap(cgroupPids))].sort((a, b) => a - b);
}

function signalProcess(pid: number, signal: number, startTime?: number): boolean {
  const pidfd = openPidfd(pid);
  if (pidfd === null) return false;
  try {
    // Checked with the descriptor in hand: from here on the number cannot come to mean another process.
    return isRunning(pid, startTime) && signalPidfd(pidfd, signal);
  } finally {
    closePidfd(pidfd);
  }
}
