import type { RuntimeDeps } from "./deps.ts";
import { reopenLog } from "./reopen-log.ts";
import type { TaskRecord } from "./task-record.ts";

/** Has a running container's log rotated from now on, until deleteTask. */
export function keepTaskLog(
  deps: RuntimeDeps,
  id: string,
  { logPath, logLimits }: TaskRecord,
  options: { adopted: boolean },
): void {
  if (logPath === null) return;
  deps.logs.keep(id, { path: logPath, limits: logLimits, reopen: () => reopenLog(deps, id) }, options);
}
