import type { Timestamp } from "../../api/buildkit/timestamp.ts";
import type { Input } from "../../lib/protobuf.ts";

/** Milliseconds since 1970 as the wire has them. */
export function timestampOf(ms: number): Input<typeof Timestamp> {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

/** A moment in RFC 3339 as the wire has it; undefined: there is none. */
export function momentOf(text: string | undefined): Input<typeof Timestamp> | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : timestampOf(ms);
}
