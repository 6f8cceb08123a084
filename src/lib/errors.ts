import { runtimeWords } from "./runtime-words.ts";

/**
 * The engine's one error type. `kind` decides the HTTP status (server/http/errors.ts holds the table);
 * `message` is API: clients match it, so it follows Docker's wording of the facts.
 */
export type ErrorKind =
  | "invalid"
  | "not-found"
  | "conflict"
  | "not-modified"
  | "forbidden"
  | "unauthorized"
  | "unavailable"
  | "not-implemented"
  | "unsupported"
  | "too-many-requests"
  | "cancelled"
  | "internal";

/** An error that clients are shown: `message` as it is, `kind` as an HTTP status. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  constructor(
    readonly kind: ErrorKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The request cannot be right, whatever the engine's state: HTTP 400. */
export const invalid = (message: string, cause?: unknown) => new EngineError("invalid", message, { cause });
/** What the request names is not there: HTTP 404. */
export const notFound = (message: string, cause?: unknown) => new EngineError("not-found", message, { cause });
/** The request does not fit the present state of what it names: HTTP 409. */
export const conflict = (message: string, cause?: unknown) => new EngineError("conflict", message, { cause });
/** What is asked for is so already: HTTP 304, whose text clients do not see. */
export const notModified = (message: string) => new EngineError("not-modified", message);
/** Not allowed, for example because something is still in use: HTTP 403. */
export const forbidden = (message: string, cause?: unknown) => new EngineError("forbidden", message, { cause });
/** Whoever asks is not who may: HTTP 401. */
export const unauthorized = (message: string, cause?: unknown) => new EngineError("unauthorized", message, { cause });
/** The engine or something it needs cannot do this now: HTTP 503. */
export const unavailable = (message: string, cause?: unknown) => new EngineError("unavailable", message, { cause });
/** Berth does not have this: HTTP 501. */
export const notImplemented = (message: string) => new EngineError("not-implemented", message);
/** Whoever asked for it has called it off: HTTP 500, which hardly anybody is left to read. */
export const cancelled = (message: string) => new EngineError("cancelled", message);
/** Something went wrong that the caller cannot help: HTTP 500. */
export const internal = (message: string, cause?: unknown) => new EngineError("internal", message, { cause });

/** The kind of any thrown value; what is not an EngineError is internal. */
export function errorKind(error: unknown): ErrorKind {
  return error instanceof EngineError ? error.kind : "internal";
}

/** True for an {@link EngineError} of kind `not-found`; ENOENT of the system is not one. */
export function isNotFound(error: unknown): boolean {
  return error instanceof EngineError && error.kind === "not-found";
}

/**
 * The text of any thrown value; that of a failed system call as Go words it, which clients know (`open /x: no such file
 * or directory`), and nothing of the runtime's own sentences.
 */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const failed = /^E[A-Z0-9]+: ([a-z].*), ([a-z0-9_]+)(?: '([^']*)')?(?: -> '([^']*)')?$/.exec(error.message);
  if (failed && "code" in error) {
    const [, reason, call, ...paths] = failed;
    return (
      `${[call === "posix_spawn" ? "fork/exec" : call, ...paths.filter((path) => path !== undefined)].join(" ")}: ` +
      `${reason}`
    );
  }
  return runtimeWords(error) ?? error.message;
}

/** True for a Node/Bun file-system or system error with one of these codes (`ENOENT`, …). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}
