import { conflict, errorMessage, internal } from "../lib/errors.ts";
import { cgroupDirs, cgroupPath, cgroupPids } from "../linux/cgroup-tree.ts";
import { closePidfd, openPidfd, signalPidfd } from "../linux/pidfd.ts";
import { isRunning } from "../linux/proc.ts";
import type { RuntimeContext } from "./context.ts";
import { isNative, runRuntime } from "./runtime-command.ts";
import { readTaskRecord } from "./task-record.ts";
import { isAlive } from "./task-state.ts";

const SIGKILL = 9;

/**
 * Signals a container's first process, or with `all` every process of its cgroup. Throws `conflict` with
 * Docker's text where the container does not run.
 */
export async function killTask(ctx: RuntimeContext, id: string, signal: number, options: { all?: boolean } = {}): Promise<void> {
  const record = readTaskRecord(ctx, id);
  const notRunning = () => conflict(`Container ${id} is not running`);
  if (!isNative(ctx, record.runtime)) {
    // A sandbox: the process seen here is not the container's own.
    const refusal = await killInRuntime(ctx, record.runtime, ["kill", ...(options.all ? ["--all"] : []), id, String(signal)]);
    if (refusal === null) return;
    if (!isAlive(ctx, id)) throw notRunning();
    // With its runtime gone nothing but the end can still be asked of it.
    if (signal !== SIGKILL) throw internal(`cannot kill container ${id}: ${refusal}`);
  }
  const delivered = record.pid !== undefined && signalProcess(record.pid, signal, record.startTime);
  if (options.all) for (const pid of taskPids(ctx, id)) if (pid !== record.pid) signalProcess(pid, signal);
  if (!delivered) throw notRunning();
}

/** SIGKILL for a container's first process, past its runtime. False where it has ended. */
export function killProcess(ctx: RuntimeContext, id: string): boolean {
  const { pid, startTime } = readTaskRecord(ctx, id);
  return pid !== undefined && signalProcess(pid, SIGKILL, startTime);
}

/** Null where the runtime did it; else why not. */
async function killInRuntime(ctx: RuntimeContext, runtime: string, args: readonly string[]): Promise<string | null> {
  try {
    const { exitCode, stderr } = await runRuntime(ctx, runtime, args);
    return exitCode === 0 ? null : stderr.trim();
  } catch (error) {
    return errorMessage(error);
  }
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
