import { EngineError, errorKind, errorMessage } from "../../lib/errors.ts";
import type { CollectionSpec } from "../../runtime/logs/collection.ts";
import { type LogDriver, parseLogConfig } from "../../runtime/logs/driver/driver.ts";
import { encodeAttributes } from "../../runtime/logs/json-line.ts";
import type { LogLimits } from "../../runtime/logs/limits.ts";
import type { ContainerDeps } from "../deps.ts";
import { jsonLogPath, jsonLogStatePath, logPath } from "../paths.ts";
import type { ContainerRecord } from "../record.ts";
import { readLogAttributes } from "./log-attributes.ts";

/** null: this engine has no driver of that name (any more). */
function logDriverOf(deps: ContainerDeps, c: ContainerRecord): LogDriver | null {
  return deps.runtime.logDrivers.get(c.spec.hostConfig.LogConfig?.Type ?? "") ?? null;
}

/** Where the monitor writes a container's output; null where nothing is kept. */
export function logPathOf(deps: ContainerDeps, c: ContainerRecord): string | null {
  return (logDriverOf(deps, c)?.readable ?? true) ? logPath(deps, c.id) : null;
}

/** How much of the output is kept; null where no log is kept. Throws `invalid` on unknown drivers and options. */
export function logLimitsOf(deps: ContainerDeps, c: ContainerRecord): LogLimits | null {
  const { Type, Config } = c.spec.hostConfig.LogConfig ?? {};
  return parseLogConfig(deps.runtime.logDrivers, Type ?? "", Config ?? {});
}

/** The file that collectors may follow; null where the driver makes none. */
export function collectionOf(deps: ContainerDeps, c: ContainerRecord): CollectionSpec | null {
  const limits = logDriverOf(deps, c)?.collected ? logLimitsOf(deps, c) : null;
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

/** Readies the file for a run. Throws where the options of the log make no sense. */
export async function beginCollection(deps: ContainerDeps, c: ContainerRecord): Promise<void> {
  const spec = collectionOf(deps, c);
  if (!spec) return;
  let attributes: string;
  try {
    attributes = encodeAttributes(await readLogAttributes(c));
  } catch (error) {
    throw new EngineError(
      errorKind(error),
      `failed to create task for container: failed to initialize logging driver: ${errorMessage(error)}`,
      { cause: error },
    );
  }
  await deps.runtime.collections.begin(spec, attributes);
}
