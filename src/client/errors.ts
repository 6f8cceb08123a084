import { errorMessage } from "../lib/errors.ts";
import { BrokenAnswer } from "../lib/http/reader.ts";
import { isNetworkError, networkWords } from "../lib/network-words.ts";

/** The engine refused: its status and its own words. `message` reads as docker prints it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
  ) {
    super(`Error response from daemon: ${reason.trim()}`);
  }
}

/** The engine could not be reached. */
export class ConnectionError extends Error {}

/** True for an answer of the engine with status 404; not for a connection that failed. */
export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 404;
}

/** A request as errors tell of it: `Get "http://10.0.0.1:2375/v1.50/info"`. */
export interface Asked {
  method: string;
  path: string;
}

/** Words for a failed dial, by the system's error code. `asked`: for which request, at `origin`. */
export function connectionError(host: string, error: unknown, origin: string, asked?: Asked): ConnectionError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  if (code === "EACCES" || code === "EPERM") {
    return new ConnectionError(`permission denied while trying to connect to the Berth daemon socket at ${host}`, {
      cause: error,
    });
  }
  if (
    ["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR", "ENAMETOOLONG"].includes(String(code)) ||
    text === "Failed to connect"
  ) {
    return new ConnectionError(`Cannot connect to the Berth daemon at ${host}. Is the berth daemon running?`, {
      cause: error,
    });
  }
  return new ConnectionError(`error during connect: ${told(origin, asked)}${networkWords(error, { url: origin })}`, {
    cause: error,
  });
}

/**
 * What broke between a request and its answer's head: the connection's failures and bad HTTP are told as such, what the
 * request's own source threw stays as it is.
 */
export function brokenExchange(origin: string, asked: Asked, error: unknown): unknown {
  if (error instanceof BrokenAnswer)
    return new ConnectionError(`error during connect: ${told(origin, asked)}${error.message}`, { cause: error });
  if (!(error instanceof Error) || !isNetworkError(error)) return error;
  return new ConnectionError(`error during connect: ${told(origin, asked)}${errorMessage(error)}`, { cause: error });
}

function told(origin: string, asked: Asked | undefined): string {
  if (!asked) return "";
  return `${asked.method.charAt(0)}${asked.method.slice(1).toLowerCase()} "${origin}${asked.path}": `;
}
