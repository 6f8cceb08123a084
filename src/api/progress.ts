/**
 * One message of a long job (pull, push, load, build): Docker's JSON message, on the wire one JSON line each.
 * Verbs yield these; the server writes them, the CLI draws them.
 */
export interface ProgressEvent {
  /** The layer or other thing that `status` speaks of. */
  id?: string;
  status?: string;
  progressDetail?: ProgressAmount;
  /** A drawn bar. Old clients show it; new ones draw their own from `progressDetail`. */
  progress?: string;
  /** Text to print as it is (build output, `Loaded image: …`). */
  stream?: string;
  /** The job failed; the last event of its stream. */
  error?: string;
  errorDetail?: { code?: number; message: string };
  /** A value for programs: a digest, an image id. */
  aux?: unknown;
}

/** `progressDetail` of Docker's progress lines. `current` and `total` count bytes, or `units` where it is given. */
export interface ProgressAmount {
  current?: number;
  total?: number;
  /** Unix seconds; when it began. */
  start?: number;
  hidecounts?: boolean;
  units?: string;
}

/** The event that ends a stream which failed after its first byte was out. */
export function progressError(message: string, code?: number): ProgressEvent {
  return { errorDetail: code === undefined ? { message } : { code, message }, error: message };
}
