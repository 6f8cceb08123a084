/** The engine refused: its status and its own words. `message` reads as docker prints it. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly reason: string) {
    super(`Error response from daemon: ${reason}`);
  }
}

/** The engine could not be reached. */
export class ConnectionError extends Error {}

export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 404;
}

/** Words for a failed dial, by the system's error code. */
export function connectionError(host: string, error: unknown): ConnectionError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  if (code === "EACCES" || code === "EPERM") {
    return new ConnectionError(`permission denied while trying to connect to the Berth daemon socket at ${host}`, { cause: error });
  }
  if (["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ENOTDIR", "ENAMETOOLONG"].includes(String(code)) || text === "Failed to connect") {
    return new ConnectionError(`Cannot connect to the Berth daemon at ${host}. Is the berth daemon running?`, { cause: error });
  }
  return new ConnectionError(`error during connect: ${text}`, { cause: error });
}
