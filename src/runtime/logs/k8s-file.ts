import type { LogEntry } from "./entry.ts";

const SPACE = 0x20;
const [FULL, PARTIAL] = [0x46, 0x50];
/** How long times are as conmon writes them. */
const usualTime = 35;
const words = ([1, 2] as const).map((stream) => [stream, Buffer.from(stream === 1 ? "stdout " : "stderr ")] as const);

/**
 * A line as conmon writes it: `2026-01-02T03:04:05.000000006+00:00 stdout F text` and a newline, with `P` for a piece
 * of a line. conmon runs with TZ=UTC; other offsets, of logs written by others, are converted. What is returned shares
 * the line's memory.
 */
export function parseK8sLine(line: Buffer): LogEntry | null {
  const afterTime = line[usualTime] === SPACE ? usualTime : line.indexOf(SPACE);
  const stream = streamAt(line, afterTime + 1);
  const tag = line[afterTime + 8];
  if (afterTime < 20 || stream === null || (tag !== FULL && tag !== PARTIAL) || line[afterTime + 9] !== SPACE)
    return null;
  const time = normalizeTime(line.toString("latin1", 0, afterTime));
  if (time === null) return null;
  const partial = tag === PARTIAL;
  return { stream, time, data: line.subarray(afterTime + 10, line.length - (partial ? 1 : 0)), partial };
}

/** `stdout ` or `stderr ` at that place; null where it is neither. */
function streamAt(line: Buffer, at: number): 1 | 2 | null {
  for (const [stream, word] of words) if (word.every((byte, index) => line[at + index] === byte)) return stream;
  return null;
}

const timeForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 to the fixed form of {@link LogEntry.time}; null where it is none. */
export function normalizeTime(text: string): string | null {
  // What conmon writes here nearly always.
  if (text.length === 35 && text.endsWith("+00:00") && text[19] === ".") return `${text.slice(0, 29)}Z`;
  const match = timeForm.exec(text);
  if (!match) return null;
  const [, whole = "", fraction = "", zone = ""] = match;
  const nanos = fraction.padEnd(9, "0");
  if (zone === "Z" || zone === "+00:00") return `${whole}.${nanos}Z`;
  const date = new Date(`${whole}${zone}`);
  return Number.isNaN(date.getTime()) ? null : `${date.toISOString().slice(0, 19)}.${nanos}Z`;
}
