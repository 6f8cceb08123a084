import { blocksOf, type Following } from "./blocks.ts";
import type { LogEntry } from "./entry.ts";
import { logFiles } from "./files.ts";
import { parseK8sLine } from "./k8s-file.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type LogPosition, type OpenLog, openLog } from "./open-log.ts";

/** Entries that were read together; all are of one file. */
export interface LogBatch {
  entries: LogEntry[];
  /** Behind the last of them. */
  position: LogPosition;
  /** Bytes of the file that were read for them. */
  length: number;
}

/** Which part of a log's files to read. */
export interface WalkOptions {
  /** The live file; those put aside lie beside it. */
  path: string;
  /** Default: the beginning. Where that file is gone: the oldest after it. */
  from?: LogPosition;
  /** Reads no further than this, whatever is written meanwhile. */
  end?: LogPosition;
  /** Goes on with what is written from now on, across rotations. */
  following?: Following | null;
}

/**
 * A log's entries, oldest first, across the files that were put aside and compressed. What exists when the walk begins
 * is read to its end, even if rotation removes it in the meantime.
 */
export async function* walkLog({ path, from, end, following = null }: WalkOptions): AsyncGenerator<LogBatch> {
  let at = from ?? { sequence: 0, offset: 0 };
  const held = await openFrom(path, at.sequence);
  try {
    for (;;) {
      const over = following === null || following.ended?.aborted || following.signal?.aborted;
      const next = held[0]?.sequence ?? logFiles(path).find(({ sequence }) => sequence >= at.sequence)?.sequence;
      if (end !== undefined && (next ?? Infinity) > end.sequence) return;
      if (next === undefined) {
        if (over) return;
        await following?.changes.next();
        continue;
      }
      const file = held.shift() ?? (await openLog(path, next));
      if (file !== null) {
        await using _ = { [Symbol.asyncDispose]: () => file.handle.close() };
        yield* batchesOf(
          file,
          next === at.sequence ? at.offset : 0,
          next === end?.sequence ? end.offset : Infinity,
          following,
        );
      }
      at = { sequence: next + 1, offset: 0 };
    }
  } finally {
    for (const { handle } of held) await handle.close();
  }
}

async function openFrom(path: string, sequence: number): Promise<OpenLog[]> {
  const files: OpenLog[] = [];
  for (const listed of logFiles(path)) {
    const file = listed.sequence < sequence ? null : await openLog(path, listed.sequence);
    if (file !== null) files.push(file);
  }
  return files;
}

/** The whole lines of a file between two offsets. */
export async function* batchesOf(
  file: OpenLog,
  from: number,
  to: number,
  following: Following | null = null,
): AsyncGenerator<LogBatch> {
  const splitter = new LineSplitter();
  let read = from;
  if (read >= to) return;
  for await (const block of blocksOf(file, from, following)) {
    const wanted = block.subarray(0, to - read);
    read += wanted.length;
    const entries: LogEntry[] = [];
    for (const line of splitter.push(wanted)) {
      const entry = parseK8sLine(line);
      if (entry !== null) entries.push(entry);
    }
    if (entries.length > 0)
      yield { entries, position: { sequence: file.sequence, offset: read - splitter.pending }, length: wanted.length };
    if (read >= to) return;
  }
}
