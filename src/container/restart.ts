import { EngineError, errorKind, errorMessage } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { findContainer } from "./lookup.ts";
import { isRunning } from "./record.ts";
import { startContainer } from "./start.ts";
import { stop, type StopOptions } from "./stop.ts";

/** Stops the container if it runs and starts it again. */
export async function restartContainer(ctx: ContainerContext, ref: string, options: StopOptions = {}): Promise<void> {
  const c = findContainer(ctx, ref);
  const live = ctx.live.of(c.id);
  try {
    live.restarting = true;
    try {
      if (isRunning(c.state)) await stop(ctx, c, options);
    } finally {
      live.restarting = false;
    }
    await startContainer(ctx, c.id);
  } catch (error) {
    throw new EngineError(errorKind(error), `Cannot restart container ${ref}: ${errorMessage(error)}`, { cause: error });
  }
  publish(ctx, findContainer(ctx, c.id), "restart");
}
