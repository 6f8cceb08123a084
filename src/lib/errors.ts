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
  | "cancelled"
  | "internal";

export class EngineError extends Error {
  override readonly name = "EngineError";
  constructor(readonly kind: ErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}

export const invalid = (message: string, cause?: unknown) => new EngineError("invalid", message, { cause });
export const notFound = (message: string, cause?: unknown) => new EngineError("not-found", message, { cause });
export const conflict = (message: string, cause?: unknown) => new EngineError("conflict", message, { cause });
export const notModified = (message: string) => new EngineError("not-modified", message);
export const forbidden = (message: string, cause?: unknown) => new EngineError("forbidden", message, { cause });
export const unauthorized = (message: string, cause?: unknown) => new EngineError("unauthorized", message, { cause });
export const unavailable = (message: string, cause?: unknown) => new EngineError("unavailable", message, { cause });
export const notImplemented = (message: string) => new EngineError("not-implemented", message);
export const cancelled = (message: string) => new EngineError("cancelled", message);
export const internal = (message: string, cause?: unknown) => new EngineError("internal", message, { cause });

/** The kind of any thrown value; what is not an EngineError is internal. */
export function errorKind(error: unknown): ErrorKind {
  return error instanceof EngineError ? error.kind : "internal";
}

export function isNotFound(error: unknown): boolean {
  return error instanceof EngineError && error.kind === "not-found";
}

/** The text of any thrown value. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for a Node/Bun file-system or system error with one of these codes (`ENOENT`, …). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}
