import type { CollectionSpec } from "../../runtime/logs/collection.ts";
import {
  type LogDriver,
  type LogOptions,
  type LogReader,
  parseLogOptions,
  sendBuffer,
} from "../../runtime/logs/driver/driver.ts";
import type { LogLimits } from "../../runtime/logs/limits.ts";
import type { Sends } from "../../runtime/logs/send/receiver.ts";
import type { SendingSpec } from "../../runtime/logs/send/sending.ts";
import type { ContainerDeps } from "../deps.ts";
import { jsonLogPath, jsonLogStatePath, logPath, sentLogStatePath } from "../paths.ts";
import { type ContainerRecord, countsAsRunning } from "../record.ts";
import { logInfo } from "./log-info.ts";

function logDriverOf(deps: ContainerDeps, c: ContainerRecord): LogDriver {
  return deps.runtime.logDrivers.of(c.spec.hostConfig.LogConfig?.Type ?? "");
}

function logOptionsOf(c: ContainerRecord): LogOptions {
  return c.spec.hostConfig.LogConfig?.Config ?? {};
}

/** Where the monitor writes a container's output; null where nothing is kept. */
export function logPathOf(deps: ContainerDeps, c: ContainerRecord): string | null {
  return logDriverOf(deps, c).kept ? logPath(deps, c.id) : null;
}

/** Where a container's output is to be read; null where nobody may. */
export function readableLogOf(deps: ContainerDeps, c: ContainerRecord): string | null {
  return logDriverOf(deps, c).readable(logOptionsOf(c)) ? logPath(deps, c.id) : null;
}

/** Reads a container's log where it was sent to; null where that cannot be done: its own log is to be read. */
export async function readerElsewhere(deps: ContainerDeps, c: ContainerRecord): Promise<LogReader | null> {
  const { readBack } = logDriverOf(deps, c);
  if (!readBack) return null;
  const sent = () => deps.runtime.sendings.settle(c.id);
  return readBack(await logInfo(c), { path: logPath(deps, c.id), running: countsAsRunning(c.state), sent });
}

/** How much of the output is kept; null where no log is kept. Throws `invalid` on unknown options. */
export function logLimitsOf(deps: ContainerDeps, c: ContainerRecord): LogLimits | null {
  return parseLogOptions(logDriverOf(deps, c), logOptionsOf(c));
}

/** The file that collectors may follow; null where the driver makes none. */
export function collectionOf(deps: ContainerDeps, c: ContainerRecord): CollectionSpec | null {
  const limits = logDriverOf(deps, c).collected ? logLimitsOf(deps, c) : null;
  return (
    limits && {
      id: c.id,
      source: logPath(deps, c.id),
      target: jsonLogPath(deps, c.id),
      state: jsonLogStatePath(deps, c.id),
      limits,
    }
  );
}

/** How a container's log is sent elsewhere; null where it is not. */
export function sendingOf(deps: ContainerDeps, c: ContainerRecord): { spec: SendingSpec; sends: Sends } | null {
  const sends = logDriverOf(deps, c).sends;
  const limits = sends ? logLimitsOf(deps, c) : null;
  if (!sends || !limits) return null;
  const options = logOptionsOf(c);
  const retryAfter = sends.retryAfter?.(options);
  const spec: SendingSpec = {
    id: c.id,
    source: logPath(deps, c.id),
    state: sentLogStatePath(deps, c.id),
    limits,
    buffer: sendBuffer(options),
    ...(retryAfter !== undefined && { retryAfter }),
    open: async (signal) => sends.open(await logInfo(c), signal),
  };
  return { spec, sends };
}
