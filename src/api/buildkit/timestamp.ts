/** google.protobuf.Timestamp: a moment. */
import { field, int32, int64, message, type Value } from "../../lib/protobuf.ts";

/** A moment: whole seconds since 1970, and nanoseconds of the next. */
export const Timestamp = message({
  seconds: field(1, int64),
  nanos: field(2, int32),
});
export type Timestamp = Value<typeof Timestamp>;
