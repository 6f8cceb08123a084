import { cgroupPath, isFrozen, setFrozen } from "../linux/cgroup-tree.ts";
import type { RuntimeContext } from "./context.ts";
import { readTaskRecord } from "./task-record.ts";

/** Stops all processes of a container where they are; resolves when they stand. */
export async function pauseTask(ctx: RuntimeContext, id: string): Promise<void> {
  await setFrozen(ctx.cgroups, pathOf(ctx, id), true);
}

/** Lets them go on. */
export async function resumeTask(ctx: RuntimeContext, id: string): Promise<void> {
  await setFrozen(ctx.cgroups, pathOf(ctx, id), false);
}

export function isPaused(ctx: RuntimeContext, id: string): boolean {
  return isFrozen(ctx.cgroups, pathOf(ctx, id));
}

function pathOf(ctx: RuntimeContext, id: string): string {
  return cgroupPath(ctx.cgroupDriver, readTaskRecord(ctx, id).cgroupsPath);
}
