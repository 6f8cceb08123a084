import { EngineError } from "../../../lib/errors.ts";
import { filterThrough } from "../../../lib/run.ts";
import type { LogEntry } from "../entry.ts";
import { normalizeTime } from "../k8s-file.ts";

const NEWLINE = 0x0a;
const EQUALS = "=";
/** Bytes that say how long a value is. */
const LENGTH = 8;
const ERROR = "3";

const fields = ["MESSAGE", "PRIORITY", "SYSLOG_TIMESTAMP", "CONTAINER_PARTIAL_MESSAGE"];

/**
 * A container's lines that systemd's journal has, oldest first; `since`: nanoseconds since 1970. None where the journal
 * cannot be read.
 */
export async function* readJournal(containerId: string, since: bigint | undefined): AsyncGenerator<LogEntry> {
  // The journal got each line after it was written.
  const from = since === undefined ? [] : [`--since=@${since / 1_000_000_000n}`];
  const options = ["--quiet", "--no-pager", "--all", "--output=export", `--output-fields=${fields.join(",")}`, ...from];
  try {
    for await (const entry of parseExport(
      filterThrough(["journalctl", ...options, `CONTAINER_ID_FULL=${containerId}`], none()),
    )) {
      const line = lineOf(entry);
      if (line) yield line;
    }
  } catch (error) {
    // Without the program, or without a journal.
    if (!(error instanceof EngineError)) throw error;
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}

function lineOf(entry: ReadonlyMap<string, Buffer>): LogEntry | null {
  const text = (name: string) => entry.get(name)?.toString("latin1") ?? "";
  const time = normalizeTime(text("SYSLOG_TIMESTAMP"));
  const message = entry.get("MESSAGE");
  if (time === null || !message) return null;
  const partial = text("CONTAINER_PARTIAL_MESSAGE") === "true";
  const data = partial ? message : Buffer.concat([message, Buffer.of(NEWLINE)]);
  return { stream: text("PRIORITY") === ERROR ? 2 : 1, time, data, partial };
}

/**
 * The journal's export format: fields of an entry one after another, entries parted by an empty line. A field is
 * `NAME=value`, or where the value is no plain text, its name in a line, its length in eight bytes, and the value.
 */
export async function* parseExport(source: AsyncIterable<Uint8Array>): AsyncGenerator<ReadonlyMap<string, Buffer>> {
  let rest = Buffer.alloc(0);
  let entry = new Map<string, Buffer>();
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk]);
    for (let field = nextField(rest); field; field = nextField(rest)) {
      rest = rest.subarray(field.end);
      if (field.name !== "") entry.set(field.name, field.value);
      else if (entry.size > 0) {
        yield entry;
        entry = new Map();
      }
    }
  }
  if (entry.size > 0) yield entry;
}

/** The first field of the bytes; without a name: an entry's end. Null where it is not whole yet. */
function nextField(bytes: Buffer): { name: string; value: Buffer; end: number } | null {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) return null;
  const equals = bytes.subarray(0, end).indexOf(EQUALS);
  if (equals >= 0 || end === 0) {
    const name = bytes.toString("latin1", 0, Math.max(equals, 0));
    return { name, value: bytes.subarray(equals + 1, end), end: end + 1 };
  }
  const start = end + 1 + LENGTH;
  const length = bytes.length < start ? null : Number(bytes.readBigUInt64LE(end + 1));
  // A newline follows.
  if (length === null || bytes.length < start + length + 1) return null;
  const name = bytes.toString("latin1", 0, end);
  return { name, value: bytes.subarray(start, start + length), end: start + length + 1 };
}
