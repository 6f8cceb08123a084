import { constants, readFileSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import { type RuntimeDeps, runtimeStateDir, taskDir } from "./deps.ts";
import { isCrun, runRuntime } from "./runtime-command.ts";
import { runtimeError } from "./runtime-errors.ts";
import { readTaskRecord } from "./task-record.ts";

/**
 * Lets a created task's first process run its program. Throws RuntimeError where it cannot; the task then has to be
 * deleted.
 */
export async function startTask(deps: RuntimeDeps, id: string): Promise<void> {
  const { runtime } = readTaskRecord(deps, id);
  if (isCrun(deps, runtime) && (await openGate(join(runtimeStateDir(deps, runtime), id, "exec.fifo")))) return;
  const { exitCode, stderr, stdout } = await runRuntime(deps, runtime, ["start", id]);
  if (exitCode !== 0) throw runtimeError("start", stderr || stdout, firstWord(deps, id));
}

/**
 * What `crun start` does for a container without hooks: a byte into the fifo that its first process waits on, which
 * then counts as started because the fifo is gone. False where there is none or nobody waits (crun itself says why).
 */
async function openGate(fifo: string): Promise<boolean> {
  try {
    await using gate = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    await rm(fifo);
    await gate.write("\0");
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENXIO")) return false;
    throw error;
  }
}

function firstWord(deps: RuntimeDeps, id: string): string {
  const spec: { process?: { args?: string[] } } = JSON.parse(
    readFileSync(join(taskDir(deps, id), "config.json"), "utf8"),
  );
  return spec.process?.args?.[0] ?? "";
}
