import type { FileHandle } from "node:fs/promises";
import type { LogEntry } from "./entry.ts";
import { logFiles } from "./files.ts";
import { parseK8sLine } from "./k8s-file.ts";
import { type LogPosition, type OpenLog, openLog } from "./open-log.ts";
import { batchesOf } from "./walk.ts";

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/** Where the last lines of a log begin. */
export interface TailStart extends LogPosition {
  /** Lines from there on to pass over (in a compressed file, which has no way back). */
  lines: number;
}

type Keep = (entry: LogEntry) => boolean;

/**
 * Finds the last `count` lines among those that `keep` accepts, of what is before `end`. Plain files are read from
 * their end, as far as needed; a compressed one from its beginning.
 */
export async function findTail(path: string, end: LogPosition, count: number, keep: Keep): Promise<TailStart> {
  if (count === 0) return { ...end, lines: 0 };
  let missing = count;
  for (const { sequence } of logFiles(path).reverse()) {
    if (sequence > end.sequence) continue;
    const file = await openLog(path, sequence);
    if (file === null) continue;
    try {
      const to = sequence === end.sequence ? end.offset : Infinity;
      const { offset, lines } = file.compressed
        ? { offset: 0, lines: await countLines(file, to, keep) }
        : await tailOfPlain(file.handle, to, missing, keep);
      if (lines >= missing) return { sequence, offset, lines: lines - missing };
      missing -= lines;
    } finally {
      await file.handle.close();
    }
  }
  return { sequence: 0, offset: 0, lines: 0 };
}

async function countLines(file: OpenLog, to: number, keep: Keep): Promise<number> {
  let lines = 0;
  for await (const { entries } of batchesOf(file, 0, to))
    for (const entry of entries) if (keep(entry) && !entry.partial) lines++;
  return lines;
}

/**
 * Walks a file's lines backwards until `count` whole ones are passed; `offset` is where the earliest of them begins.
 */
async function tailOfPlain(
  handle: FileHandle,
  to: number,
  count: number,
  keep: Keep,
): Promise<{ offset: number; lines: number }> {
  let lines = 0;
  let offset = 0;
  // Streams of which a line's end was passed: a piece without an end belongs to that line, not to one of its own.
  const begun = new Set<1 | 2>();
  for await (const { line, start } of linesBackwards(handle, to)) {
    const entry = parseK8sLine(line);
    if (entry === null || !keep(entry)) continue;
    if (!entry.partial || !begun.has(entry.stream)) {
      if (lines === count) return { offset, lines };
      lines++;
      begun.add(entry.stream);
    }
    offset = start;
  }
  return { offset: 0, lines };
}

/** The whole lines of a file from the last before `to` to the first; one that is still being written is left out. */
async function* linesBackwards(handle: FileHandle, to: number): AsyncGenerator<{ line: Buffer; start: number }> {
  let rest = Buffer.alloc(0);
  for (let position = Math.min(to, (await handle.stat()).size); position > 0; ) {
    const length = Math.min(BLOCK, position);
    const block = Buffer.alloc(length);
    await handle.read(block, 0, length, position - length);
    position -= length;
    const text = Buffer.concat([block, rest]);
    let end = text.length;
    for (;;) {
      const before = end < 2 ? -1 : text.lastIndexOf(NEWLINE, end - 2);
      if (before < 0 && position > 0) break;
      if (text[end - 1] === NEWLINE) yield { line: text.subarray(before + 1, end), start: position + before + 1 };
      end = before + 1;
      if (end === 0) break;
    }
    rest = text.subarray(0, end);
  }
}
