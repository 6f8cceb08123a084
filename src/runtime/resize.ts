import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { conflict, hasCode } from "../lib/errors.ts";
import { execDir, taskDir, type RuntimeContext } from "./context.ts";

const WINDOW_RESIZE = 1;
const REOPEN_LOG = 2;

/** Tells a container's terminal its size, in characters. */
export async function resizeTask(ctx: RuntimeContext, id: string, width: number, height: number): Promise<void> {
  await control(taskDir(ctx, id), `${WINDOW_RESIZE} ${height} ${width}\n`);
}

/** The same for an exec's. */
export async function resizeExec(ctx: RuntimeContext, containerId: string, execId: string, width: number, height: number): Promise<void> {
  await control(execDir(ctx, containerId, execId), `${WINDOW_RESIZE} ${height} ${width}\n`);
}

/** Asks the monitor to go on in a new file at the container's log path (the old one was renamed). It does so soon, not at once. */
export async function reopenLog(ctx: RuntimeContext, id: string): Promise<void> {
  await control(taskDir(ctx, id), `${REOPEN_LOG} 0 0\n`);
}

/** Writes a line to a monitor's control fifo; without a reader there the task has ended. */
async function control(dir: string, line: string): Promise<void> {
  let fifo;
  try {
    fifo = await open(join(dir, "ctl"), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, "ENXIO", "ENOENT")) throw conflict("the process has ended", error);
    throw error;
  }
  try {
    await fifo.write(line);
  } finally {
    await fifo.close();
  }
}
