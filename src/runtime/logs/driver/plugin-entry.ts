import { parseRfc3339 } from "../../../api/timestamps.ts";
import {
  bigInt64,
  bool,
  bytes,
  decode,
  encode,
  field,
  int32,
  message,
  optional,
  string,
} from "../../../lib/protobuf.ts";
import { formatRfc3339Nano } from "../../../lib/rfc3339.ts";
import type { LogEntry } from "../entry.ts";
import { normalizeTime } from "../k8s-file.ts";
import type { SentLine } from "../send/sent-line.ts";

/** Bytes before each message, which say how long it is. */
const HEAD = 4;
/** Bytes of a message: more is no line. */
const LONGEST = 16 << 20;

const Piece = message({ last: field(1, bool), id: field(2, string), ordinal: field(3, int32) });
const Entry = message({
  source: field(1, string),
  timeNano: field(2, bigInt64),
  line: field(3, bytes),
  partial: field(4, bool),
  piece: optional(5, Piece),
});

/** A line as plugins get it. */
export function encodeEntry({ stream, time, text, piece }: SentLine): Buffer {
  const entry = encode(Entry, {
    source: stream === 1 ? "stdout" : "stderr",
    timeNano: parseRfc3339(time) ?? 0n,
    line: text,
    partial: piece !== null,
    ...(piece && { piece }),
  });
  const length = Buffer.alloc(HEAD);
  length.writeUInt32BE(entry.length);
  return Buffer.concat([length, entry]);
}

/** Lines as plugins give them back, as many as came together; their newlines are the plugin's affair. */
export async function* decodeEntries(stream: AsyncIterable<Uint8Array>): AsyncGenerator<LogEntry[]> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    const entries: LogEntry[] = [];
    for (;;) {
      const length = rest.length < HEAD ? 0 : rest.readUInt32BE(0);
      if (length > LONGEST) throw new Error(`error decoding log message: ${length} bytes are too many`);
      if (rest.length < HEAD + length || rest.length < HEAD) break;
      entries.push(...decodeEntry(rest.subarray(HEAD, HEAD + length)));
      rest = rest.subarray(HEAD + length);
    }
    if (entries.length > 0) yield entries;
  }
  if (rest.length > 0) throw new Error("error decoding log message: unexpected EOF");
}

/** Of another stream than a container has: passed over, as Docker does. */
function decodeEntry(bytes: Uint8Array): LogEntry[] {
  const { source, timeNano, line } = decode(Entry, bytes);
  const time = normalizeTime(formatRfc3339Nano(timeNano)) ?? "";
  return source === "stdout" || source === "stderr"
    ? [{ stream: source === "stdout" ? 1 : 2, time, data: line, partial: false }]
    : [];
}
