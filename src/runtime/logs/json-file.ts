import type { LogEntry } from "./entry.ts";
import { normalizeTime } from "./k8s-file.ts";

/** A line of Docker's json-file driver: `{"log":"text\n","stream":"stdout","time":"…"}`; no newline in `log`: a piece of a line. */
export function parseJsonLine(line: Buffer): LogEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(line.toString());
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const log = "log" in value ? value.log : "";
  const stream = "stream" in value ? value.stream : undefined;
  const time = "time" in value && typeof value.time === "string" ? normalizeTime(value.time) : null;
  if (typeof log !== "string" || time === null) return null;
  return { stream: stream === "stderr" ? 2 : 1, time, data: Buffer.from(log), partial: !log.endsWith("\n") };
}
