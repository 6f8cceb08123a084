import { control, REOPEN_LOG } from "./control.ts";
import { type RuntimeDeps, taskDir } from "./deps.ts";

/**
 * Asks the monitor to go on in a new file at the container's log path (the old one was renamed). It does so soon, not
 * at once.
 */
export async function reopenLog(deps: RuntimeDeps, id: string): Promise<void> {
  await control(taskDir(deps, id), `${REOPEN_LOG} 0 0`);
}
