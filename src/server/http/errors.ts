import { type ErrorKind, errorKind, errorMessage } from "../../lib/errors.ts";
import { json, type Reply } from "./reply.ts";

/** The one table of error kinds: what each is answered with, and when. */
export const answers: Record<ErrorKind, { status: number; when: string }> = {
  invalid: { status: 400, when: "the request cannot be right, whatever the engine's state" },
  unauthorized: { status: 401, when: "a registry wants to know who asks, or does not know them" },
  forbidden: { status: 403, when: "not allowed" },
  "not-found": { status: 404, when: "what the request names is not there" },
  conflict: { status: 409, when: "it does not fit the present state of what it names" },
  "not-modified": { status: 304, when: "what is asked for is so already" },
  unavailable: { status: 503, when: "the engine, or something that it needs, cannot do this now" },
  "not-implemented": { status: 501, when: "Berth does not have this" },
  unsupported: { status: 405, when: "the other side (a registry, a server) does not take such requests" },
  "too-many-requests": { status: 429, when: "a registry has had too many requests" },
  cancelled: { status: 500, when: "whoever asked for it has called it off" },
  internal: { status: 500, when: "something went wrong that the caller cannot help" },
};

/** The HTTP status for anything thrown; what is no EngineError gets 500. */
export function errorStatus(error: unknown): number {
  return answers[errorKind(error)].status;
}

/** The answer to a request that failed before its first byte went out. */
export function errorReply(error: unknown): Reply {
  const status = errorStatus(error);
  return status === 304 ? { status } : json(status, { message: errorMessage(error) });
}
