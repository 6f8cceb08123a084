import { conflict, EngineError, errorKind, errorMessage, internal, isNotFound } from "../../lib/errors.ts";
import type { ContainerDeps } from "../deps.ts";
import { publish, reason } from "../events.ts";
import { findContainer, lockContainer, notRunning } from "../lookup.ts";
import { type ContainerRecord, countsAsRunning, type RunState } from "../record.ts";
import { setState } from "../state.ts";
import { parseSentSignal, parseSignal, SIGKILL, SIGTERM } from "./signal.ts";

/** Sends a signal; with KILL (the default) also waits until the container has ended. */
export async function killContainer(
  deps: ContainerDeps,
  ref: string,
  { signal }: { signal?: string } = {},
): Promise<void> {
  const number = parseSentSignal(signal || "KILL");
  const c = findContainer(deps, ref);
  try {
    if (number === SIGKILL) await killAndWait(deps, c);
    else await sendSignal(deps, c.id, number);
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot kill container: ${ref}: ${errorMessage(error)}`, { cause: error });
  }
}

/** The health check's order that this carries out; absent: a request, which overrides such orders. */
export type Order = RunState["ordered"];

/** The container's own stop signal, TERM where it names none. */
export function stopSignalOf(c: ContainerRecord): number {
  return c.spec.config.StopSignal ? parseSignal(c.spec.config.StopSignal) : SIGTERM;
}

/**
 * Kills and waits: 10 s for the signal to work, then once more straight at the process, or for an end that was missed.
 */
export async function killAndWait(deps: ContainerDeps, c: ContainerRecord, ordered?: Order): Promise<void> {
  if (await signalAndWait(deps, c.id, SIGKILL, 10_000, ordered)) return;
  deps.log.warn("container does not end after SIGKILL, trying the process itself", { container: c.id });
  if (!deps.runtime.killProcess(c.id)) deps.runtime.tellExit(c.id);
  if (!(await endsWithin(deps, c.id, 2_000)))
    throw internal("tried to kill container, but did not receive an exit event");
}

/**
 * Sends a signal and waits for the end; false where it did not come within `timeout` milliseconds (negative: for ever).
 */
export async function signalAndWait(
  deps: ContainerDeps,
  id: string,
  signal: number,
  timeout: number,
  ordered?: Order,
): Promise<boolean> {
  const ended = endsWithin(deps, id, timeout);
  await sendSignal(deps, id, signal, ordered);
  return ended;
}

/** Resolves to true as soon as the container does not run. */
async function endsWithin(deps: ContainerDeps, id: string, timeout: number): Promise<boolean> {
  const c = findContainerOrNull(deps, id);
  if (!c || !countsAsRunning(c.state)) return true;
  using patience = new Patience(timeout);
  return await deps.live
    .of(id)
    .nextExit(patience.signal)
    .then(
      () => true,
      () => false,
    );
}

function findContainerOrNull(deps: ContainerDeps, id: string): ContainerRecord | null {
  try {
    return findContainer(deps, id);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** A time-out that is cancelled at the end of the block, so that it never outlives its wait. */
class Patience implements Disposable {
  readonly #abort = new AbortController();
  readonly #timer: Timer | null;
  readonly signal = this.#abort.signal;

  constructor(milliseconds: number) {
    this.#timer = milliseconds < 0 ? null : setTimeout(() => this.#abort.abort(), milliseconds);
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#abort.abort();
  }
}

/** Sends a signal. One that means to stop also ends restarts, and thaws a paused container so that it is heard. */
async function sendSignal(deps: ContainerDeps, id: string, signal: number, ordered?: Order): Promise<void> {
  using held = await lockContainer(deps, id);
  const c = held.container;
  if (!countsAsRunning(c.state)) throw notRunning(c.id);

  if (ordered && c.state.ordered !== ordered) throw conflict("the health check's order has been taken back");

  const stops = signal === SIGKILL || !c.spec.config.StopSignal || stopSignalOf(c) === signal;
  if (c.state.phase === "restarting") {
    if (!stops) return;
    deps.live.of(c.id).cancelRestart();
    setState(deps, c, { phase: "exited", manuallyStopped: true, ordered: null });
    deps.live.of(c.id).announceExit({ StatusCode: c.state.exitCode });
    return;
  }
  // A stop by request cancels what the health check ordered.
  if (stops && !ordered && !deps.live.shuttingDown) setState(deps, c, { manuallyStopped: true, ordered: null });
  try {
    await deps.runtime.kill(c.id, signal);
  } catch (error) {
    // Ended by itself a moment ago: its exit is on the way.
    if (!isNotFound(error) && errorKind(error) !== "conflict")
      throw new EngineError(errorKind(error), `Cannot kill container ${c.id}: ${errorMessage(error)}`, {
        cause: error,
      });
  }
  if (stops && c.state.phase === "paused") {
    await deps.runtime.resume(c.id);
    setState(deps, c, { phase: "running", heldStill: false });
  }
  publish(deps, c, "kill", { signal: String(signal), ...reason(ordered) });
}
