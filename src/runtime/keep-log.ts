import type { RuntimeContext } from "./context.ts";
import { reopenLog } from "./reopen-log.ts";
import type { TaskRecord } from "./task-record.ts";

/** Has a running container's log rotated from now on, until deleteTask. */
export function keepTaskLog(ctx: RuntimeContext, id: string, { logPath, logLimits }: TaskRecord, options: { adopted: boolean }): void {
  if (logPath === null) return;
  ctx.logs.keep(id, { path: logPath, limits: logLimits, reopen: () => reopenLog(ctx, id) }, options);
}
