import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { containerById, execById, updateExec } from "./table.ts";

/** Takes note of an exec's end. */
export function settleExecExit(ctx: ContainerContext, execId: string, exitCode: number, finishedAt: Date): void {
  const exec = execById(ctx.store, execId);
  if (exec && exec.phase !== "exited") {
    updateExec(ctx.store, { ...exec, phase: "exited", pid: 0, exitCode, exitedAt: finishedAt.getTime() });
    const c = containerById(ctx.store, exec.containerId);
    if (c) publish(ctx, c, "exec_die", { execID: execId, exitCode: String(exitCode) });
  }
  ctx.live.execWaiters.get(execId)?.(exitCode);
  ctx.live.execWaiters.delete(execId);
}
