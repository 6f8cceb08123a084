import { taskDir, type RuntimeContext } from "./context.ts";
import { control, REOPEN_LOG } from "./control.ts";

/** Asks the monitor to go on in a new file at the container's log path (the old one was renamed). It does so soon, not at once. */
export async function reopenLog(ctx: RuntimeContext, id: string): Promise<void> {
  await control(taskDir(ctx, id), `${REOPEN_LOG} 0 0`);
}
