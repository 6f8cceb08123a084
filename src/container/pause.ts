import { conflict, EngineError, errorKind, errorMessage, internal } from "../lib/errors.ts";
import { pauseTask, resumeTask } from "../runtime/pause.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { watchHealth, unwatchHealth } from "./health.ts";
import { lockContainer, requireTask } from "./lookup.ts";
import { setState } from "./state.ts";

/** Freezes every process of the container. */
export async function pauseContainer(ctx: ContainerContext, ref: string): Promise<void> {
  using held = await lockContainer(ctx, ref);
  const c = held.container;
  requireTask(c);
  if (c.state.phase === "paused") throw conflict(`container ${c.id} is already paused`);
  try {
    await pauseTask(ctx.runtime, c.id);
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot pause container ${c.id}: ${errorMessage(error)}`, { cause: error });
  }
  setState(ctx, c, { phase: "paused" });
  unwatchHealth(ctx, c);
  publish(ctx, c, "pause");
}

export async function unpauseContainer(ctx: ContainerContext, ref: string): Promise<void> {
  using held = await lockContainer(ctx, ref);
  const c = held.container;
  if (c.state.phase !== "paused") throw internal(`Container ${c.id} is not paused`);
  try {
    await resumeTask(ctx.runtime, c.id);
  } catch (error) {
    throw new EngineError(errorKind(error), `Cannot unpause container ${c.id}: ${errorMessage(error)}`, { cause: error });
  }
  setState(ctx, c, { phase: "running" });
  watchHealth(ctx, c);
  publish(ctx, c, "unpause");
}
