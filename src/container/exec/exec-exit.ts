import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { containerById, execById, updateExec } from "../table.ts";

/** Takes note of an exec's end. */
export function settleExecExit(deps: ContainerDeps, execId: string, exitCode: number, finishedAt: bigint): void {
  const exec = execById(deps.store, execId);
  if (exec && exec.phase !== "exited") {
    updateExec(deps.store, { ...exec, phase: "exited", exitCode, exitedAt: Number(finishedAt / 1_000_000n) });
    const c = containerById(deps.store, exec.containerId);
    if (c) publish(deps, c, "exec_die", { execID: execId, exitCode: String(exitCode) });
  }
  deps.live.execWaiters.get(execId)?.(exitCode);
  deps.live.execWaiters.delete(execId);
}
