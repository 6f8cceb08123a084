import { join } from "node:path";
import { conflict, hasCode } from "../lib/errors.ts";
import { AttachHub } from "./attach-hub.ts";
import { taskDir, type RuntimeContext } from "./context.ts";
import { closesStdin } from "./create.ts";
import { readTaskRecord } from "./task-record.ts";
import type { TaskIo } from "./types.ts";

/**
 * Joins a container's streams, from now on. Works from {@link createTask} to the end; a container that has
 * ended is a conflict. Execs hand out their streams when they start (see execTask).
 */
export async function attachTask(ctx: RuntimeContext, id: string): Promise<TaskIo> {
  const record = readTaskRecord(ctx, id);
  const hub = await openHub(ctx, id, join(taskDir(ctx, id), "attach"), closesStdin(record), record.pid);
  return hub.join();
}

/** The shared connection of a container or exec, opened by the first who asks. `pid`: the process behind it, where it is known already. */
export async function openHub(ctx: RuntimeContext, id: string, path: string, stdinCloses: boolean, pid?: number): Promise<AttachHub> {
  const open = ctx.hubs.get(id);
  if (open !== undefined) {
    const hub = await open;
    if (!hub.ended) return hub;
  }
  const forget = () => {
    if (ctx.hubs.get(id) === opening) ctx.hubs.delete(id);
  };
  const opening = AttachHub.connect(path, { stdinCloses, onEnd: forget });
  ctx.hubs.set(id, opening);
  try {
    const hub = await opening;
    if (pid !== undefined) hub.watch(pid);
    return hub;
  } catch (error) {
    forget();
    if (hasCode(error, "ENOENT", "ECONNREFUSED")) throw conflict(`container ${id} is not running`, error);
    throw error;
  }
}
