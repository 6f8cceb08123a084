import { EngineError, errorKind, errorMessage } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { findContainer } from "../lookup.ts";
import { countsAsRunning } from "../record.ts";
import { startContainer } from "./start.ts";
import { type StopOptions, stop } from "./stop.ts";

/** Stops the container if it runs and starts it again. */
export async function restartContainer(deps: ContainerDeps, ref: string, options: StopOptions = {}): Promise<void> {
  const c = findContainer(deps, ref);
  const live = deps.live.of(c.id);
  try {
    live.restarting = true;
    try {
      if (countsAsRunning(c.state)) await stop(deps, c, options);
    } finally {
      live.restarting = false;
    }
    await startContainer(deps, c.id);
  } catch (error) {
    throw new EngineError(errorKind(error), `Cannot restart container ${ref}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  publish(deps, findContainer(deps, c.id), "restart");
}
