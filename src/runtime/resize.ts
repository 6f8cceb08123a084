import type { RuntimeContext } from "./context.ts";
import { execDir, taskDir } from "./context.ts";
import { control, WINDOW_RESIZE } from "./control.ts";

/** Tells a container's terminal its size, in characters. */
export async function resizeTask(ctx: RuntimeContext, id: string, width: number, height: number): Promise<void> {
  await control(taskDir(ctx, id), `${WINDOW_RESIZE} ${height} ${width}`);
}

/** The same for an exec's. */
export async function resizeExec(ctx: RuntimeContext, containerId: string, execId: string, width: number, height: number): Promise<void> {
  await control(execDir(ctx, containerId, execId), `${WINDOW_RESIZE} ${height} ${width}`);
}
