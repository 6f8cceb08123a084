import { EngineError, errorKind, errorMessage, internal, isNotFound } from "../lib/errors.ts";
import { tellExit } from "../runtime/exits.ts";
import { killProcess, killTask } from "../runtime/kill.ts";
import { resumeTask } from "../runtime/pause.ts";
import type { ContainerContext } from "./context.ts";
import { publish } from "./events.ts";
import { findContainer, lockContainer, notRunning } from "./lookup.ts";
import { isRunning, type ContainerRecord } from "./record.ts";
import { parseSignal, SIGKILL, SIGTERM } from "./signal.ts";
import { setState } from "./state.ts";

/** Sends a signal; with KILL (the default) also waits until the container has ended. */
export async function killContainer(ctx: ContainerContext, ref: string, { signal }: { signal?: string } = {}): Promise<void> {
  const number = parseSignal(signal || "KILL");
  const c = findContainer(ctx, ref);
  try {
    if (number === SIGKILL) await killAndWait(ctx, c);
    else await sendSignal(ctx, c.id, number);
  } catch (error) {
    throw new EngineError(errorKind(error), `cannot kill container: ${ref}: ${errorMessage(error)}`, { cause: error });
  }
}

/** The container's own stop signal, TERM where it names none. */
export function stopSignalOf(c: ContainerRecord): number {
  return c.spec.config.StopSignal ? parseSignal(c.spec.config.StopSignal) : SIGTERM;
}

/** Kills and waits: 10 s for the signal to work, then once more straight at the process, or for an end that was missed. */
export async function killAndWait(ctx: ContainerContext, c: ContainerRecord): Promise<void> {
  if (await signalAndWait(ctx, c.id, SIGKILL, 10_000)) return;
  ctx.log.warn("container does not end after SIGKILL, trying the process itself", { container: c.id });
  if (!killProcess(ctx.runtime, c.id)) tellExit(ctx.runtime, c.id);
  if (!(await endsWithin(ctx, c.id, 2_000))) throw internal("tried to kill container, but did not receive an exit event");
}

/** Sends a signal and waits for the end; false where it did not come within `timeout` milliseconds (negative: for ever). */
export async function signalAndWait(ctx: ContainerContext, id: string, signal: number, timeout: number): Promise<boolean> {
  const ended = endsWithin(ctx, id, timeout);
  await sendSignal(ctx, id, signal);
  return ended;
}

/** True as soon as nothing runs. */
export async function endsWithin(ctx: ContainerContext, id: string, timeout: number): Promise<boolean> {
  const c = findContainerOrNull(ctx, id);
  if (!c || !isRunning(c.state)) return true;
  using patience = new Patience(timeout);
  return await ctx.live.of(id).nextExit(patience.signal).then(() => true, () => false);
}

function findContainerOrNull(ctx: ContainerContext, id: string): ContainerRecord | null {
  try {
    return findContainer(ctx, id);
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
async function sendSignal(ctx: ContainerContext, id: string, signal: number): Promise<void> {
  using held = await lockContainer(ctx, id);
  const c = held.container;
  if (!isRunning(c.state)) throw notRunning(c.id);

  const stops = signal === SIGKILL || !c.spec.config.StopSignal || stopSignalOf(c) === signal;
  if (c.state.phase === "restarting") {
    if (!stops) return;
    ctx.live.of(c.id).cancelRestart();
    setState(ctx, c, { phase: "exited", manuallyStopped: true });
    ctx.live.of(c.id).announceExit({ StatusCode: c.state.exitCode });
    return;
  }
  if (!ctx.live.shuttingDown) setState(ctx, c, { manuallyStopped: c.state.manuallyStopped || stops });
  try {
    await killTask(ctx.runtime, c.id, signal);
  } catch (error) {
    // Ended by itself a moment ago: its exit is on the way.
    if (!isNotFound(error) && errorKind(error) !== "conflict") throw new EngineError(errorKind(error), `Cannot kill container ${c.id}: ${errorMessage(error)}`, { cause: error });
  }
  if (stops && c.state.phase === "paused") {
    await resumeTask(ctx.runtime, c.id);
    setState(ctx, c, { phase: "running", heldStill: false });
  }
  publish(ctx, c, "kill", { signal: String(signal) });
}
