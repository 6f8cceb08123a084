import { conflict, EngineError, errorKind, errorMessage, internal } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish } from "../events.ts";
import { lostHealth, unwatchHealth, watchHealth } from "../health/health.ts";
import { lockContainer, requireTask } from "../lookup.ts";
import type { ContainerRecord } from "../record.ts";
import { setState } from "../state.ts";

/** Freezes every process of the container. */
export async function pauseContainer(deps: ContainerDeps, ref: string): Promise<void> {
  using held = await lockContainer(deps, ref);
  await freeze(deps, held.container);
}

/** Lets every process go on. Throws `internal` where the container is not paused, with Docker's text. */
export async function unpauseContainer(deps: ContainerDeps, ref: string): Promise<void> {
  using held = await lockContainer(deps, ref);
  const c = held.container;
  if (c.state.phase !== "paused") throw internal(`Container ${c.id} is not paused`);
  await thaw(deps, c);
}

/**
 * Freezes a running container for the length of a block: nobody asked for it to be paused, so should the daemon end in
 * between, the next one lets it go on. Best effort: one that has just ended holds still anyway.
 */
export async function holdStill(deps: ContainerDeps, ref: string): Promise<AsyncDisposable> {
  using held = await lockContainer(deps, ref);
  const c = held.container;
  if (c.state.phase !== "running") return { [Symbol.asyncDispose]: () => Promise.resolve() };
  setState(deps, c, { heldStill: true });
  await freeze(deps, c);
  return { [Symbol.asyncDispose]: () => letGo(deps, c.id) };
}

async function letGo(deps: ContainerDeps, id: string): Promise<void> {
  try {
    using held = await lockContainer(deps, id);
    if (held.container.state.phase === "paused") await thaw(deps, held.container);
  } catch (error) {
    deps.log.warn("cannot unpause a container", { container: id, error: errorMessage(error) });
  }
}

async function freeze(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  requireTask(c);
  if (c.state.phase === "paused") throw conflict(`container ${c.id} is already paused`);
  try {
    await deps.runtime.pause(c.id);
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot pause container ${c.id}: ${errorMessage(error)}`, { cause: error });
  }
  unwatchHealth(deps, c);
  setState(deps, c, { phase: "paused", ...(!c.state.heldStill && lostHealth(c)) });
  publish(deps, c, "pause");
}

/** Lets a frozen container go on. The caller holds the lock. */
async function thaw(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  try {
    await deps.runtime.resume(c.id);
  } catch (error) {
    throw new EngineError(errorKind(error), `Cannot unpause container ${c.id}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  setState(deps, c, { phase: "running", heldStill: false });
  watchHealth(deps, c);
  publish(deps, c, "unpause");
}
