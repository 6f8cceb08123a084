import { conflict, EngineError, errorKind, errorMessage, internal } from "../lib/errors.ts";
import { pauseTask, resumeTask } from "../runtime/pause.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { watchHealth, unwatchHealth } from "./health.ts";
import { lockContainer, requireTask } from "./lookup.ts";
import type { ContainerRecord } from "./record.ts";
import { setState } from "./state.ts";

/** Freezes every process of the container. */
export async function pauseContainer(ctx: ContainerContext, ref: string): Promise<void> {
  using held = await lockContainer(ctx, ref);
  await freeze(ctx, held.container);
}

export async function unpauseContainer(ctx: ContainerContext, ref: string): Promise<void> {
  using held = await lockContainer(ctx, ref);
  const c = held.container;
  if (c.state.phase !== "paused") throw internal(`Container ${c.id} is not paused`);
  await thaw(ctx, c);
}

/**
 * Freezes a running container for the length of a block: nobody asked for it to be paused, so should the daemon end in
 * between, the next one lets it go on. Best effort: one that has just ended holds still anyway.
 */
export async function holdStill(ctx: ContainerContext, ref: string): Promise<AsyncDisposable> {
  using held = await lockContainer(ctx, ref);
  const c = held.container;
  if (c.state.phase !== "running") return { [Symbol.asyncDispose]: () => Promise.resolve() };
  setState(ctx, c, { heldStill: true });
  await freeze(ctx, c);
  return { [Symbol.asyncDispose]: () => letGo(ctx, c.id) };
}

async function letGo(ctx: ContainerContext, id: string): Promise<void> {
  try {
    using held = await lockContainer(ctx, id);
    if (held.container.state.phase === "paused") await thaw(ctx, held.container);
  } catch (error) {
    ctx.log.warn("cannot unpause a container", { container: id, error: errorMessage(error) });
  }
}

async function freeze(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
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

/** Lets a frozen container go on. The caller holds the lock. */
export async function thaw(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  try {
    await resumeTask(ctx.runtime, c.id);
  } catch (error) {
    throw new EngineError(errorKind(error), `Cannot unpause container ${c.id}: ${errorMessage(error)}`, { cause: error });
  }
  setState(ctx, c, { phase: "running", heldStill: false });
  watchHealth(ctx, c);
  publish(ctx, c, "unpause");
}
