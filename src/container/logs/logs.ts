import type { Frame } from "../../api/stdcopy.ts";
import { parseUnixTimestamp } from "../../api/timestamps.ts";
import { notImplemented } from "../../lib/errors.ts";
import type { LogReader } from "../../runtime/logs/driver/driver.ts";
import type { LogEntry } from "../../runtime/logs/entry.ts";
import { readLogs } from "../../runtime/logs/read.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { type ContainerRecord, countsAsRunning } from "../record.ts";
import { readLogAttributes, showAttributes } from "./log-attributes.ts";
import { readableLogOf, readerElsewhere } from "./log-options.ts";

/** Which part of a container's log to read and how to show it: the query of `GET /containers/<id>/logs`. */
export interface LogsOptions {
  /** Goes on until the container ends. */
  follow?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** Unix time, `seconds[.nanoseconds]`; both inclusive. */
  since?: string;
  until?: string;
  /** Put the time before each line. */
  timestamps?: boolean;
  /** A number of lines; anything else means all. */
  tail?: string;
  /** Put the attributes before each line that the log options `labels` and `env` name. */
  details?: boolean;
  /** The reader is gone. */
  signal?: AbortSignal;
  /** With `follow`: goes on until this is aborted, whether the container runs now or not. */
  ended?: AbortSignal;
}

/** What the container has written so far, and with `follow` what it still writes. Reads only as fast as it is read. */
export async function containerLogs(
  deps: ContainerDeps,
  ref: string,
  options: LogsOptions,
): Promise<{ tty: boolean; batches: AsyncIterable<Frame[]> }> {
  const c = findContainer(deps, ref);
  return { tty: c.spec.config.Tty ?? false, batches: decorate(c, await shownOutput(deps, c, options), options) };
}

/** As {@link recordedOutput}, and where a receiver of logs gives them back, as that has them. */
export async function shownOutput(
  deps: ContainerDeps,
  c: ContainerRecord,
  options: LogsOptions,
): Promise<AsyncIterable<LogEntry[]>> {
  const read = await readerElsewhere(deps, c);
  return read ? entries(deps, c, read, options) : recordedOutput(deps, c, options);
}

/** Entries of the log, as they were written and as many as were read together. Throws at once where no log is kept. */
export function recordedOutput(
  deps: ContainerDeps,
  c: ContainerRecord,
  options: LogsOptions,
): AsyncIterable<LogEntry[]> {
  const path = readableLogOf(deps, c);
  if (path === null) throw notImplemented("configured logging driver does not support reading");
  return entries(deps, c, (part) => readLogs({ path, ...part }), options);
}

async function* entries(
  deps: ContainerDeps,
  c: ContainerRecord,
  read: LogReader,
  options: LogsOptions,
): AsyncGenerator<LogEntry[]> {
  const { follow = false, stdout = false, stderr = false, signal } = options;
  const [since, until, tail] = [
    parseUnixTimestamp(options.since ?? ""),
    parseUnixTimestamp(options.until ?? ""),
    parseTail(options.tail),
  ];
  if (tail === 0 && !follow) return;
  const left = new AbortController();
  const ended = new AbortController();
  try {
    // Armed before the first look at the file: an end in between is not missed. After the exit all of it is written.
    if (follow && !options.ended)
      void deps.live
        .of(c.id)
        .nextExit(left.signal)
        .then(
          () => ended.abort(),
          () => {},
        );
    const goesOn = follow && (options.ended !== undefined || countsAsRunning(findContainer(deps, c.id).state));
    yield* read({
      stdout,
      stderr,
      follow: goesOn,
      ended: options.ended ?? ended.signal,
      ...(signal && { signal }),
      ...(since !== null && { since }),
      ...(until !== null && { until }),
      ...(tail !== null && { tail }),
    });
  } finally {
    left.abort();
  }
}

/** Lines from the end; null for all. */
function parseTail(tail = "all"): number | null {
  const lines = /^\d+$/.test(tail) ? Number(tail) : -1;
  return lines < 0 ? null : lines;
}

/** Puts time and attributes at the beginning of lines; a long line that comes in pieces has one beginning. */
async function* decorate(
  c: ContainerRecord,
  log: AsyncIterable<LogEntry[]>,
  { timestamps = false, details = false }: LogsOptions,
): AsyncGenerator<Frame[]> {
  if (!timestamps && !details) return yield* log;
  const attributes = details ? `${showAttributes(await readLogAttributes(c))} ` : "";
  const within = { 1: false, 2: false };
  for await (const entries of log)
    yield entries.map(({ stream, time, data, partial }) => {
      const prefix = within[stream] ? "" : `${timestamps ? `${time} ` : ""}${attributes}`;
      within[stream] = partial;
      return { stream, data: prefix ? Buffer.concat([Buffer.from(prefix), data]) : data };
    });
}
