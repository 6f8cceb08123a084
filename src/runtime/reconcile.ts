import { join } from "node:path";
import { onProcessEnd } from "../linux/pidfd.ts";
import { removeTree } from "../linux/remove.ts";
import { taskDir, type RuntimeContext } from "./context.ts";
import { deleteTask } from "./delete.ts";
import { namesIn, readPidFile } from "./task-record.ts";
import { isMonitorProcess } from "./task-state.ts";

/**
 * Clears up after an earlier daemon, at boot: tasks of containers that exist no more (`known`; absent: all are known),
 * files of execs that have ended. Execs that still run are left to end in peace.
 */
export async function reconcileTasks(ctx: RuntimeContext, known?: ReadonlySet<string>): Promise<void> {
  for (const id of namesIn(join(ctx.execRoot, "containers"))) {
    if (known && !known.has(id)) await deleteTask(ctx, id);
    else reconcileExecs(ctx, id);
  }
  for (const id of namesIn(join(ctx.execRoot, "exits"))) {
    if (known && !known.has(id)) removeTree(join(ctx.execRoot, "exits", id));
  }
}

function reconcileExecs(ctx: RuntimeContext, id: string): void {
  const execs = join(taskDir(ctx, id), "execs");
  for (const execId of namesIn(execs)) {
    const dir = join(execs, execId);
    const pid = readPidFile(join(dir, "conmon.pid"));
    if (pid !== null && isMonitorProcess(pid, id)) onProcessEnd(pid, () => removeTree(dir));
    else removeTree(dir);
  }
}
