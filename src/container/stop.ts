import { EngineError, errorKind, errorMessage, notModified } from "../lib/errors.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { killAndWait, signalAndWait, stopSignalOf } from "./kill.ts";
import { findContainer } from "./lookup.ts";
import { isRunning, type ContainerRecord } from "./record.ts";
import { parseSignal } from "./signal.ts";

export interface StopOptions {
  signal?: string;
  /** Seconds until the kill; negative: never. Default: the container's own, else the daemon's. */
  timeout?: number;
}

/** Asks the container to end, kills it when it has not after the time-out. Throws not-modified where it does not run. */
export async function stopContainer(ctx: ContainerContext, ref: string, options: StopOptions = {}): Promise<void> {
  const c = findContainer(ctx, ref);
  if (!isRunning(c.state)) throw notModified("container is already stopped");
  try {
    await stop(ctx, c, options);
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot stop container: ${ref}: ${errorMessage(error)}`, { cause: error });
  }
}

/** As {@link stopContainer}; a container that has ended meanwhile is as good as stopped. */
export async function stop(ctx: ContainerContext, c: ContainerRecord, options: StopOptions): Promise<void> {
  const signal = options.signal ? parseSignal(options.signal) : stopSignalOf(c);
  const timeout = options.timeout ?? c.spec.config.StopTimeout ?? ctx.defaults.stopTimeout;
  try {
    const ended = await signalAndWait(ctx, c.id, signal, timeout < 0 ? -1 : timeout * 1000);
    if (!ended) {
      ctx.log.info("container does not end in time, killing it", { container: c.id, signal, timeout });
      await killAndWait(ctx, c);
    }
  } catch (error) {
    if (!hasEnded(ctx, c.id)) throw error;
  }
  // The exit's own transaction holds the lock to its end: after it, a start finds everything released.
  using _ = await ctx.locks.acquire(c.id);
  publish(ctx, c, "stop");
}

function hasEnded(ctx: ContainerContext, id: string): boolean {
  try {
    return !isRunning(findContainer(ctx, id).state);
  } catch {
    return true;
  }
}
