import { dirname } from "node:path";
import { formatRfc3339Nano } from "../../lib/rfc3339.ts";
import { Changes } from "./changes.ts";
import type { LogEntry } from "./entry.ts";
import { normalizeTime } from "./k8s-file.ts";
import { endOfLog } from "./open-log.ts";
import { findTail } from "./tail.ts";
import { walkLog } from "./walk.ts";

/** Which lines of a log to read. */
export interface LogPart {
  /** Goes on with what is written from now on, across rotations. */
  follow?: boolean;
  /** The writer has ended: a follower reads to the end of what there is, then stops. */
  ended?: AbortSignal;
  /** The reader is gone: stops at once. */
  signal?: AbortSignal;
  /** Nanoseconds since 1970, both inclusive. */
  since?: bigint;
  until?: bigint;
  /** Only the last lines; absent: all. */
  tail?: number;
  /** Both default to true. */
  stdout?: boolean;
  stderr?: boolean;
}

/** Which lines, of which log. */
export interface ReadLogsOptions extends LogPart {
  /** The live file; those put aside lie beside it. */
  path: string;
}

/**
 * A container's log in batches, oldest first, across the files that were put aside and compressed. Reads as it is
 * read: a slow reader costs one batch of memory. Ends where the log ended when it was asked for; following ends with
 * `ended`, `signal`, or the first entry past `until`.
 */
export async function* readLogs(options: ReadLogsOptions): AsyncGenerator<LogEntry[]> {
  const { path, follow = false, ended, signal, tail } = options;
  if (signal?.aborted) return;
  const matches = makeFilter(options);
  const isLate = makeLateness(options);

  // Before the first look: what comes in between is not missed.
  using changes = follow ? new Changes(dirname(path), [ended, signal]) : null;
  const end = await endOfLog(path);
  const start =
    tail === undefined ? null : await findTail(path, end, tail, (entry) => matches(entry) && !isLate(entry));
  let linesToSkip = start?.lines ?? 0;

  const batches = walkLog({
    path,
    ...(start && { from: start }),
    ...(changes ? { following: { path, changes, ended, signal } } : { end }),
  });
  for await (const { entries } of batches) {
    if (signal?.aborted) return;
    const kept: LogEntry[] = [];
    let late = false;
    for (const entry of entries) {
      if (!matches(entry)) continue;
      if (isLate(entry)) late = true;
      else if (linesToSkip > 0) linesToSkip -= entry.partial ? 0 : 1;
      else kept.push(entry);
    }
    if (kept.length > 0) yield kept;
    // Entries are in order of time but for jumps of the clock: in a file that is complete, look at all of it.
    if (late && follow) return;
  }
}

/** Whether an entry is of a stream that is wanted, and late enough. */
export function makeFilter({ stdout = true, stderr = true, since }: LogPart): (entry: LogEntry) => boolean {
  const from = since === undefined ? "" : (normalizeTime(formatRfc3339Nano(since)) ?? "");
  return (entry) => (entry.stream === 1 ? stdout : stderr) && entry.time >= from;
}

/** Whether an entry is behind the last that is wanted. */
export function makeLateness({ until }: LogPart): (entry: LogEntry) => boolean {
  const to = until === undefined ? null : normalizeTime(formatRfc3339Nano(until));
  return (entry) => to !== null && entry.time > to;
}
