import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../lib/errors.ts";
import { onProcessEnd } from "../linux/pidfd.ts";
import { taskDir, type RuntimeContext } from "./context.ts";
import { deleteTask } from "./delete.ts";
import { readPidFile } from "./task-record.ts";
import { isMonitorProcess } from "./task-state.ts";

/**
 * Clears up after an earlier daemon, at boot: tasks of containers that exist no more (`known`; absent: all are known),
 * files of execs that have ended. Execs that still run are left to end in peace.
 */
export async function reconcileTasks(ctx: RuntimeContext, known?: ReadonlySet<string>): Promise<void> {
  for (const id of namesIn(join(ctx.execRoot, "containers"))) {
    if (known && !known.has(id)) await deleteTask(ctx, id);
    else await reconcileExecs(ctx, id);
  }
  for (const id of namesIn(join(ctx.execRoot, "exits"))) {
    if (known && !known.has(id)) await rm(join(ctx.execRoot, "exits", id), { force: true });
  }
}

async function reconcileExecs(ctx: RuntimeContext, id: string): Promise<void> {
  const execs = join(taskDir(ctx, id), "execs");
  for (const execId of namesIn(execs)) {
    const dir = join(execs, execId);
    const pid = readPidFile(join(dir, "conmon.pid"));
    const remove = () => rm(dir, { recursive: true, force: true });
    if (pid !== null && isMonitorProcess(pid, execId)) onProcessEnd(pid, () => void remove());
    else if (existsSync(dir)) await remove();
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
