/**
 * What follows a container's log, through its life: the file for collectors, and what sends lines elsewhere.
 */
import { EngineError, errorKind, errorMessage } from "../../lib/errors.ts";
import { encodeAttributes } from "../../runtime/logs/json-line.ts";
import { RuntimeError } from "../../runtime/runtime-errors.ts";
import type { ContainerDeps } from "../deps.ts";
import type { ContainerRecord } from "../record.ts";
import { readLogAttributes } from "./log-attributes.ts";
import { collectionOf, sendingOf } from "./log-options.ts";

/** Readies it for a run. Throws where the options make no sense, or a receiver that has to be there is away. */
export async function beginLog(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  const collection = collectionOf(deps, c);
  const sending = sendingOf(deps, c);
  try {
    if (collection) {
      const attributes = encodeAttributes(await readLogAttributes(c));
      await deps.runtime.collections.begin(collection, attributes);
    }
    if (sending) {
      const mayBeAway = sending.sends.mayBeAway?.(c.spec.hostConfig.LogConfig?.Config ?? {}) ?? false;
      await deps.runtime.sendings.begin(sending.spec, { mayBeAway });
    }
  } catch (error) {
    const reason = errorMessage(error);
    const message = `failed to create task for container: failed to initialize logging driver: ${reason}`;
    // Docker goes by the words.
    if (reason.endsWith("no such file or directory")) throw new RuntimeError("invalid", message, 127);
    throw new EngineError(errorKind(error), message, { cause: error });
  }
}

/** Goes on where the daemon before was. */
export function takeUpLog(deps: ContainerDeps, c: ContainerRecord, { running }: { running: boolean }): void {
  if (!c.state.started || c.state.phase === "removing" || c.state.phase === "dead") return;
  const collection = collectionOf(deps, c);
  if (collection) deps.runtime.collections.takeUp(collection, { running });
  const sending = sendingOf(deps, c);
  if (sending) deps.runtime.sendings.takeUp(sending.spec, { running });
}

/** The run has ended, or never began. */
export function endLog(deps: ContainerDeps, id: string): void {
  deps.runtime.collections.end(id);
  deps.runtime.sendings.end(id);
}

/** The container goes: resolves when nothing of its log is in use. */
export async function forgetLog(deps: ContainerDeps, id: string): Promise<void> {
  await Promise.all([deps.runtime.collections.forget(id), deps.runtime.sendings.forget(id)]);
}

/** Leaves all of them to the next daemon. */
export async function leaveLogs(deps: ContainerDeps): Promise<void> {
  await Promise.all([deps.runtime.sendings.stop(), deps.runtime.collections.stop()]);
}
