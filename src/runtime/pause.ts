import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import { cgroupPath, isFrozen, setFrozen } from "../linux/cgroup-tree.ts";
import { removeTree } from "../linux/remove.ts";
import { taskDir, type RuntimeContext } from "./context.ts";
import { isNative, runRuntime } from "./runtime-command.ts";
import { readTaskRecord } from "./task-record.ts";

/** Stops all processes of a container where they are; resolves when they stand. */
export async function pauseTask(ctx: RuntimeContext, id: string): Promise<void> {
  const { runtime, cgroupsPath } = readTaskRecord(ctx, id);
  if (isNative(ctx, runtime)) return setFrozen(ctx.cgroups, cgroupPath(ctx.cgroupDriver, cgroupsPath), true);
  await ask(ctx, runtime, "pause", id);
  writeFileSync(marker(ctx, id), "");
}

/** Lets them go on. */
export async function resumeTask(ctx: RuntimeContext, id: string): Promise<void> {
  const { runtime, cgroupsPath } = readTaskRecord(ctx, id);
  if (isNative(ctx, runtime)) return setFrozen(ctx.cgroups, cgroupPath(ctx.cgroupDriver, cgroupsPath), false);
  await ask(ctx, runtime, "resume", id);
  removeTree(marker(ctx, id));
}

export function isPaused(ctx: RuntimeContext, id: string): boolean {
  const { runtime, cgroupsPath } = readTaskRecord(ctx, id);
  if (isNative(ctx, runtime)) return isFrozen(ctx.cgroups, cgroupPath(ctx.cgroupDriver, cgroupsPath));
  return existsSync(marker(ctx, id));
}

/** Stands for the state of a sandbox, which no cgroup shows. */
const marker = (ctx: RuntimeContext, id: string) => join(taskDir(ctx, id), "paused");

async function ask(ctx: RuntimeContext, runtime: string, verb: "pause" | "resume", id: string): Promise<void> {
  const { exitCode, stderr } = await runRuntime(ctx, runtime, [verb, id]);
  if (exitCode !== 0) throw internal(`cannot ${verb} container ${id}: ${stderr.trim()}`);
}
