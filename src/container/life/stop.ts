import { EngineError, errorKind, errorMessage, notModified } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish, reason } from "../events.ts";
import { findContainer } from "../lookup.ts";
import { type ContainerRecord, countsAsRunning } from "../record.ts";
import { killAndWait, type Order, signalAndWait, stopSignalOf } from "./kill.ts";
import { parseSignal } from "./signal.ts";

/** How to stop a container. `signal`: name or number; absent: the container's own stop signal. */
export interface StopOptions {
  signal?: string;
  /** Seconds until the kill; negative: never. Default: the container's own, else the daemon's. */
  timeout?: number;
  /** The health check ordered it; absent: somebody asked for it. */
  ordered?: Order;
}

/**
 * Asks the container to end, kills it when it has not after the time-out. Throws not-modified where it does not run.
 */
export async function stopContainer(deps: ContainerDeps, ref: string, options: StopOptions = {}): Promise<void> {
  const c = findContainer(deps, ref);
  if (!countsAsRunning(c.state)) throw notModified("container is already stopped");
  try {
    await stop(deps, c, options);
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot stop container: ${ref}: ${errorMessage(error)}`, { cause: error });
  }
}

/** As {@link stopContainer}; a container that has ended meanwhile is as good as stopped. */
export async function stop(deps: ContainerDeps, c: ContainerRecord, options: StopOptions): Promise<void> {
  const signal = options.signal ? parseSignal(options.signal) : stopSignalOf(c);
  const timeout = options.timeout ?? c.spec.config.StopTimeout ?? deps.defaults.stopTimeout;
  try {
    const ended = await signalAndWait(deps, c.id, signal, timeout < 0 ? -1 : timeout * 1000, options.ordered);
    if (!ended) {
      deps.log.info("container does not end in time, killing it", { container: c.id, signal, timeout });
      await killAndWait(deps, c, options.ordered);
    }
  } catch (error) {
    if (!hasEnded(deps, c.id)) throw error;
  }
  // The exit's own transaction holds the lock to its end: after it, a start finds everything released.
  using _ = await deps.locks.acquire(c.id);
  publish(deps, c, "stop", reason(options.ordered));
}

function hasEnded(deps: ContainerDeps, id: string): boolean {
  try {
    return !countsAsRunning(findContainer(deps, id).state);
  } catch {
    return true;
  }
}
