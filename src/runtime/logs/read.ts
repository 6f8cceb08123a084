import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { formatRfc3339Nano } from "../../api/timestamps.ts";
import { hasCode } from "../../lib/errors.ts";
import { watchDirectory } from "../../linux/watch.ts";
import type { LineParser, LogEntry } from "./entry.ts";
import { inode, logFiles, type LogFile } from "./files.ts";
import { parseJsonLine } from "./json-file.ts";
import { normalizeTime, parseK8sLine } from "./k8s-file.ts";
import { LineSplitter } from "./line-splitter.ts";
import { findTail } from "./tail.ts";

const BLOCK = 64 * 1024;

export interface ReadLogsOptions {
  /** The live file; those put aside lie beside it. */
  path: string;
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
  /** k8s-file is what the monitor writes; json-file is Docker's own. */
  format?: "k8s-file" | "json-file";
}

/**
 * A container's log in batches, oldest first, across the files that were put aside and compressed. Reads as it is
 * read: a slow reader costs one batch of memory. Following ends with `ended`, `signal`, or the first entry past `until`.
 */
export async function* readLogs(options: ReadLogsOptions): AsyncGenerator<LogEntry[]> {
  const { path, signal } = options;
  const parse: LineParser = options.format === "json-file" ? parseJsonLine : parseK8sLine;
  const matches = makeFilter(options);
  const isLate = makeLateness(options);
  if (signal?.aborted) return;

  using watching = options.follow ? new Changes(dirname(path), [options.ended, signal]) : null;
  let files = logFiles(path);
  let skip = { offset: 0, lines: 0 };
  if (options.tail !== undefined) {
    const start = await findTail(files, options.tail, parse, (entry) => matches(entry) && !isLate(entry), (file) => entriesOfCompressed(file, parse));
    // With nothing wanted of what there is, a follower begins at the end of the newest.
    const first = files[start.file] ?? files.at(-1);
    skip = start.file < files.length || !first ? start : { offset: await sizeOf(first.path), lines: 0 };
    files = first ? [first] : [];
  }

  for (let file = files[0] ?? (await nextFile(path, undefined, watching, options)); file !== undefined; file = await nextFile(path, file, watching, options)) {
    const batches: AsyncGenerator<LogEntry[]> = file.compressed
      ? entriesOfCompressed(file, parse)
      : entriesOfPlain(file, skip.offset, parse, watching && { changes: watching, livePath: path, ended: options.ended, signal });
    let linesToSkip = skip.lines;
    skip = { offset: 0, lines: 0 };
    for await (const batch of batches) {
      if (signal?.aborted) return;
      const kept: LogEntry[] = [];
      let late = false;
      for (const entry of batch) {
        if (!matches(entry)) continue;
        if (isLate(entry)) late = true;
        else if (linesToSkip > 0) linesToSkip -= entry.partial ? 0 : 1;
        else kept.push(entry);
      }
      if (kept.length > 0) yield kept;
      // Entries are in order of time but for jumps of the clock: in a file that is complete, look at all of it.
      if (late && options.follow) return;
    }
  }
}

/** The file after one that is read to its end; a follower waits for the first one of all. Undefined where that was the last. */
async function nextFile(path: string, previous: LogFile | undefined, watching: Changes | null, { ended, signal }: ReadLogsOptions): Promise<LogFile | undefined> {
  for (;;) {
    const last = ended?.aborted ?? false;
    const next = successor(logFiles(path), previous);
    if (next !== undefined || watching === null || previous !== undefined || last || signal?.aborted) return next;
    await watching.next();
  }
}

function successor(files: readonly LogFile[], previous: LogFile | undefined): LogFile | undefined {
  if (previous === undefined) return files[0];
  return files.find((candidate) => candidate.sequence > previous.sequence);
}

interface Following {
  changes: Changes;
  livePath: string;
  ended: AbortSignal | undefined;
  signal: AbortSignal | undefined;
}

/** The entries of a file that is not compressed; where `following`, until the writer has gone on to another file. */
async function* entriesOfPlain(file: LogFile, offset: number, parse: LineParser, following: Following | null): AsyncGenerator<LogEntry[]> {
  const handle = await openExisting(file.path);
  if (handle === null) return;
  try {
    const { ino } = await handle.stat();
    const splitter = new LineSplitter();
    for (let position = offset, leaving = false; ; ) {
      const block = Buffer.allocUnsafe(BLOCK);
      const { bytesRead } = await handle.read(block, 0, BLOCK, position);
      if (bytesRead > 0) {
        position += bytesRead;
        const entries = parseAll(splitter.push(block.subarray(0, bytesRead)), parse);
        if (entries.length > 0) yield entries;
        continue;
      }
      // Read once more after it is known that nobody writes here any more: the last words came in between.
      if (leaving || following === null || following.signal?.aborted) return;
      const live = inode(following.livePath);
      const replaced = (live !== null && live !== ino) || logFiles(following.livePath).some(({ sequence }) => sequence > file.sequence);
      if (replaced || following.ended?.aborted) leaving = true;
      else await following.changes.next();
    }
  } finally {
    await handle.close();
  }
}

async function* entriesOfCompressed(file: LogFile, parse: LineParser): AsyncGenerator<LogEntry[]> {
  const splitter = new LineSplitter();
  // Errors of either stream come out of the loop below.
  const unpacked = pipeline(createReadStream(file.path), createGunzip({ chunkSize: BLOCK }), () => {});
  try {
    for await (const block of unpacked) {
      const entries = parseAll(splitter.push(block), parse);
      if (entries.length > 0) yield entries;
    }
  } catch (error) {
    // Removed as too old, or cut off by a crash: what could be read was.
    if (!hasCode(error, "ENOENT", "Z_BUF_ERROR", "Z_DATA_ERROR", "ERR_STREAM_PREMATURE_CLOSE")) throw error;
  } finally {
    unpacked.destroy();
  }
}

function parseAll(lines: Buffer[], parse: LineParser): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const line of lines) {
    const entry = parse(line);
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

function makeFilter({ stdout = true, stderr = true, since }: ReadLogsOptions): (entry: LogEntry) => boolean {
  const from = since === undefined ? "" : (normalizeTime(formatRfc3339Nano(since)) ?? "");
  return (entry) => (entry.stream === 1 ? stdout : stderr) && entry.time >= from;
}

function makeLateness({ until }: ReadLogsOptions): (entry: LogEntry) => boolean {
  const to = until === undefined ? null : normalizeTime(formatRfc3339Nano(until));
  return (entry) => to !== null && entry.time > to;
}

async function sizeOf(path: string): Promise<number> {
  const handle = await openExisting(path);
  if (handle === null) return 0;
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function openExisting(path: string): Promise<FileHandle | null> {
  try {
    return await open(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

/** Waits for changes in a directory, also for those that came while nobody waited. */
class Changes implements Disposable {
  readonly #resources = new DisposableStack();
  #changed = false;
  #wake: (() => void) | null = null;

  constructor(directory: string, signals: readonly (AbortSignal | undefined)[]) {
    const note = () => {
      this.#changed = true;
      this.#wake?.();
    };
    this.#resources.use(watchDirectory(directory, note));
    for (const signal of signals) {
      signal?.addEventListener("abort", note, { once: true });
      this.#resources.defer(() => signal?.removeEventListener("abort", note));
    }
  }

  async next(): Promise<void> {
    if (!this.#changed) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = null;
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}
