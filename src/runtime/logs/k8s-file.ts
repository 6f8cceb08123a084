import type { LogEntry } from "./entry.ts";

const SPACE = 0x20;
const NEWLINE = 0x0a;

/**
 * A line as conmon writes it: `2026-01-02T03:04:05.000000006+00:00 stdout F text`, with `P` for a piece of a line.
 * conmon runs with TZ=UTC; other offsets, of logs written by others, are converted.
 */
export function parseK8sLine(line: Buffer): LogEntry | null {
  const afterTime = line.indexOf(SPACE);
  const afterStream = line.indexOf(SPACE, afterTime + 1);
  if (afterTime < 20 || afterStream < 0 || line[afterStream + 2] !== SPACE) return null;
  const time = normalizeTime(line.toString("latin1", 0, afterTime));
  const stream = line.toString("latin1", afterTime + 1, afterStream);
  const tag = line[afterStream + 1];
  if (time === null || (stream !== "stdout" && stream !== "stderr") || (tag !== 0x46 && tag !== 0x50)) return null;
  const partial = tag === 0x50;
  const text = line.subarray(afterStream + 3);
  return { stream: stream === "stdout" ? 1 : 2, time, data: partial ? Buffer.from(text) : withNewline(text), partial };
}

/** A copy, so that the block it was read into is not kept alive. */
function withNewline(text: Uint8Array): Uint8Array {
  const data = Buffer.allocUnsafe(text.length + 1);
  data.set(text);
  data[text.length] = NEWLINE;
  return data;
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
