import { join } from "node:path";
import { conflict, hasCode } from "../lib/errors.ts";
import { AttachHub } from "./attach-hub.ts";
import { closesStdin } from "./create.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";
import { readTaskRecord } from "./task-record.ts";
import type { TaskIo } from "./types.ts";

/**
 * Joins a container's streams, from now on. Works from {@link createTask} to the end; a container that has
 * ended is a conflict. Execs hand out their streams when they start (see execTask).
 */
export async function attachTask(deps: RuntimeDeps, id: string): Promise<TaskIo> {
  const record = readTaskRecord(deps, id);
  const hub = await openHub(deps, id, join(taskDir(deps, id), "attach"), closesStdin(record), record.pid);
  return hub.join();
}

/**
 * The shared connection of a container or exec, opened by the first who asks. `pid`: the process behind it, where it is
 * known already.
 */
export async function openHub(
  deps: RuntimeDeps,
  id: string,
  path: string,
  stdinCloses: boolean,
  pid?: number,
): Promise<AttachHub> {
  const open = deps.hubs.get(id);
  if (open !== undefined) {
    const hub = await open;
    if (!hub.ended) return hub;
  }
  const forget = () => {
    if (deps.hubs.get(id) === opening) deps.hubs.delete(id);
  };
  const opening = AttachHub.connect(path, { stdinCloses, onEnd: forget });
  deps.hubs.set(id, opening);
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
