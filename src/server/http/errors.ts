import { type ErrorKind, errorKind, errorMessage } from "../../lib/errors.ts";
import { json, type Reply } from "./reply.ts";

/** The one table of error kinds and statuses. */
const statuses: Record<ErrorKind, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "not-modified": 304,
  unavailable: 503,
  "not-implemented": 501,
  unsupported: 405,
  "too-many-requests": 429,
  cancelled: 500,
  internal: 500,
};

/** The HTTP status for anything thrown; what is no EngineError gets 500. */
export function errorStatus(error: unknown): number {
  return statuses[errorKind(error)];
}

/** The answer to a request that failed before its first byte went out. */
export function errorReply(error: unknown): Reply {
  const status = errorStatus(error);
  return status === 304 ? { status } : json(status, { message: errorMessage(error) });
}
