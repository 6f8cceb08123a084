import type { LogEntry } from "../entry.ts";
import { logFiles } from "../files.ts";
import { type LogPart, makeFilter, makeLateness, readLogs } from "../read.ts";
import type { LogReader } from "./driver.ts";
import { readJournal } from "./journal-read.ts";

/** How many entries go on together. */
const BATCH = 1000;

/** Where the engine's own log begins: the time of its first entries, and how many lines of it have that very time. */
interface Beginning {
  time: string;
  lines: number;
}

/**
 * A log that is in the journal as well: what the engine has itself, and before it what only the journal still has. Null
 * where the engine has all of it.
 */
export function journalReader(containerId: string, path: string): LogReader | null {
  return (logFiles(path)[0]?.sequence ?? 1) === 1 ? null : (part) => readBoth(containerId, path, part);
}

async function* readBoth(containerId: string, path: string, part: LogPart): AsyncGenerator<LogEntry[]> {
  const { tail, ...all } = part;
  const missing = tail === undefined ? Infinity : tail - (await countLines(path, part, tail));
  if (missing > 0) {
    const beginning = await beginningOf(path);
    const older = olderThan(beginning, readJournal(containerId, part.since));
    yield* tail === undefined ? batches(wanted(older, part)) : lastLines(wanted(older, part), missing);
  }
  yield* readLogs({ path, ...(missing > 0 ? all : part) });
}

/** Lines of the engine's own that are wanted; counts no further than `enough`. */
async function countLines(path: string, { follow: _, ...part }: LogPart, enough: number): Promise<number> {
  const { tail: __, ...all } = part;
  let lines = 0;
  if (enough === 0) return 0;
  for await (const entries of readLogs({ path, ...all })) {
    lines += entries.filter(({ partial }) => !partial).length;
    if (lines >= enough) break;
  }
  return Math.min(lines, enough);
}

async function beginningOf(path: string): Promise<Beginning | null> {
  let beginning: Beginning | null = null;
  for await (const entries of readLogs({ path }))
    for (const { time, partial } of entries) {
      beginning ??= { time, lines: 0 };
      if (time !== beginning.time) return beginning;
      if (!partial) beginning.lines++;
    }
  return beginning;
}

/** Those before the beginning. Several lines that were written at once have one time. */
async function* olderThan(beginning: Beginning | null, journal: AsyncIterable<LogEntry>): AsyncGenerator<LogEntry> {
  const atOnce: LogEntry[] = [];
  for await (const entry of journal) {
    if (beginning && entry.time > beginning.time) break;
    if (entry.time === beginning?.time) atOnce.push(entry);
    else yield entry;
  }
  yield* atOnce.slice(0, Math.max(atOnce.length - (beginning?.lines ?? 0), 0));
}

async function* wanted(entries: AsyncIterable<LogEntry>, part: LogPart): AsyncGenerator<LogEntry> {
  const matches = makeFilter(part);
  const isLate = makeLateness(part);
  for await (const entry of entries) {
    if (part.signal?.aborted) return;
    if (matches(entry) && !isLate(entry)) yield entry;
  }
}

async function* batches(entries: AsyncIterable<LogEntry>): AsyncGenerator<LogEntry[]> {
  let batch: LogEntry[] = [];
  for await (const entry of entries) {
    batch.push(entry);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* lastLines(entries: AsyncIterable<LogEntry>, count: number): AsyncGenerator<LogEntry[]> {
  let last: LogEntry[] = [];
  let lines = 0;
  for await (const entry of entries) {
    last.push(entry);
    if (!entry.partial) lines++;
    if (last.length < 2 * BATCH + 2 * count) continue;
    [last, lines] = cut(last, lines, count);
  }
  [last] = cut(last, lines, count);
  if (last.length > 0) yield last;
}

/** What of them is in the last `count` lines, and how many lines that are. */
function cut(entries: LogEntry[], lines: number, count: number): [LogEntry[], number] {
  let at = 0;
  for (let over = lines - count; over > 0; at++) if (!entries[at]?.partial) over--;
  return [entries.slice(at), Math.min(lines, count)];
}
