import { control, WINDOW_RESIZE } from "./control.ts";
import type { RuntimeDeps } from "./deps.ts";
import { execDir, taskDir } from "./deps.ts";

/** Tells a container's terminal its size, in characters. */
export async function resizeTask(deps: RuntimeDeps, id: string, width: number, height: number): Promise<void> {
  await control(taskDir(deps, id), `${WINDOW_RESIZE} ${height} ${width}`);
}

/** The same for an exec's. */
export async function resizeExec(
  deps: RuntimeDeps,
  containerId: string,
  execId: string,
  width: number,
  height: number,
): Promise<void> {
  await control(execDir(deps, containerId, execId), `${WINDOW_RESIZE} ${height} ${width}`);
}
