import { open } from "node:fs/promises";
import type { LogEntry } from "./entry.ts";
import type { LogFile } from "./files.ts";
import { hasCode } from "../../lib/errors.ts";

const BLOCK = 64 * 1024;
const NEWLINE = 0x0a;

/** Where the last lines of a log begin. */
export interface TailStart {
  /** Files before this one are passed over. */
  file: number;
  /** Bytes of that file to pass over (a plain file). */
  offset: number;
  /** Lines of that file to pass over (a compressed one). */
  lines: number;
}

/**
 * Finds the last `count` lines among those that `keep` accepts. Plain files are read from their end, as far as needed;
 * `entriesOf` reads a compressed one from its beginning.
 */
export async function findTail(
  files: readonly LogFile[],
  count: number,
  parse: (line: Buffer) => LogEntry | null,
  keep: (entry: LogEntry) => boolean,
  entriesOf: (file: LogFile) => AsyncIterable<LogEntry[]>,
): Promise<TailStart> {
  let missing = count;
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index];
    if (file === undefined) break;
    if (missing === 0) return { file: index + 1, offset: 0, lines: 0 };
    if (file.compressed) {
      let lines = 0;
      for await (const entries of entriesOf(file)) for (const entry of entries) if (keep(entry) && !entry.partial) lines++;
      if (lines >= missing) return { file: index, offset: 0, lines: lines - missing };
      missing -= lines;
    } else {
      const { offset, lines } = await tailOfPlain(file.path, missing, parse, keep);
      if (lines >= missing) return { file: index, offset, lines: 0 };
      missing -= lines;
    }
  }
  return { file: 0, offset: 0, lines: 0 };
}

/** Walks a file's lines backwards until `count` whole ones are passed; `offset` is where the earliest of them begins. */
async function tailOfPlain(
  path: string,
  count: number,
  parse: (line: Buffer) => LogEntry | null,
  keep: (entry: LogEntry) => boolean,
): Promise<{ offset: number; lines: number }> {
  let lines = 0;
  let offset = 0;
  // Streams of which a line's end was passed: a piece without an end belongs to that line, not to one of its own.
  const begun = new Set<1 | 2>();
  for await (const { line, start } of linesBackwards(path)) {
    const entry = parse(line);
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

/** The whole lines of a file from the last to the first; one that is still being written is left out. */
async function* linesBackwards(path: string): AsyncGenerator<{ line: Buffer; start: number }> {
  let handle;
  try {
    handle = await open(path);
  } catch (error) {
    // Put aside or removed a moment ago.
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    let rest = Buffer.alloc(0);
    for (let position = (await handle.stat()).size; position > 0; ) {
      const length = Math.min(BLOCK, position);
      const block = Buffer.alloc(length);
      await handle.read(block, 0, length, position - length);
      position -= length;
      const text = Buffer.concat([block, rest]);
      let end = text.length;
      for (;;) {
        const before = end < 2 ? -1 : text.lastIndexOf(NEWLINE, end - 2);
        if (before < 0 && position > 0) break;
        if (text[end - 1] === NEWLINE) yield { line: text.subarray(before + 1, end - 1), start: position + before + 1 };
        end = before + 1;
        if (end === 0) break;
      }
      rest = text.subarray(0, end);
    }
  } finally {
    await handle.close();
  }
}
