import { cancelled, EngineError, errorMessage, internal, invalid } from "../../lib/errors.ts";
import { SystemError } from "../syscall.ts";
import type { WorkerFailure } from "./jobs.ts";

/** What went wrong, as it travels between threads. */
export function describeFailure(error: unknown): WorkerFailure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const code =
    error instanceof SystemError
      ? error.code
      : "code" in error && typeof error.code === "string"
        ? error.code
        : undefined;
  return {
    name: error.name,
    message: errorMessage(error),
    ...(code !== undefined && { code }),
    ...(error instanceof EngineError && { kind: error.kind }),
  };
}

/** Broken archives are the asker's fault; what the system refused is told with its own words. */
export function revive(failure: WorkerFailure, aborted: boolean): EngineError {
  if (aborted || failure.name === "AbortError") return cancelled("context canceled");
  if (failure.kind) return new EngineError(failure.kind, failure.message);
  if (failure.name === "TarError" || failure.code === "Z_DATA_ERROR" || failure.code === "Z_BUF_ERROR")
    return invalid(failure.message);
  const cause = Object.assign(new Error(failure.message), failure.code === undefined ? {} : { code: failure.code });
  return internal(failure.message, cause);
}
