import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { internal } from "../lib/errors.ts";
import { cgroupPath, isFrozen, setFrozen } from "../linux/cgroup-tree.ts";
import { removeTree } from "../linux/remove.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";
import { isNative, runRuntime } from "./runtime-command.ts";
import { readTaskRecord } from "./task-record.ts";

/** Stops all processes of a container where they are; resolves when they stand. */
export async function pauseTask(deps: RuntimeDeps, id: string): Promise<void> {
  const { runtime, cgroupsPath } = readTaskRecord(deps, id);
  if (isNative(deps, runtime)) return setFrozen(deps.cgroups, cgroupPath(deps.cgroupDriver, cgroupsPath), true);
  await ask(deps, runtime, "pause", id);
  writeFileSync(marker(deps, id), "");
}

/** Lets them go on. */
export async function resumeTask(deps: RuntimeDeps, id: string): Promise<void> {
  const { runtime, cgroupsPath } = readTaskRecord(deps, id);
  if (isNative(deps, runtime)) return setFrozen(deps.cgroups, cgroupPath(deps.cgroupDriver, cgroupsPath), false);
  await ask(deps, runtime, "resume", id);
  removeTree(marker(deps, id));
}

/** Whether all processes of the container stand still. Throws `not-found` where there is no such task. */
export function isPaused(deps: RuntimeDeps, id: string): boolean {
  const { runtime, cgroupsPath } = readTaskRecord(deps, id);
  if (isNative(deps, runtime)) return isFrozen(deps.cgroups, cgroupPath(deps.cgroupDriver, cgroupsPath));
  return existsSync(marker(deps, id));
}

/** A file that says "paused" for a container in a sandbox, whose state no cgroup shows. */
const marker = (deps: RuntimeDeps, id: string) => join(taskDir(deps, id), "paused");

async function ask(deps: RuntimeDeps, runtime: string, verb: "pause" | "resume", id: string): Promise<void> {
  const { exitCode, stderr } = await runRuntime(deps, runtime, [verb, id]);
  if (exitCode !== 0) throw internal(`cannot ${verb} container ${id}: ${stderr.trim()}`);
}
