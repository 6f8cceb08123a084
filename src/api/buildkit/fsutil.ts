/** How folders travel (`fsutil.types`): entries in the order of a walk, and their content as it is asked for. */
import {
  bigInt64,
  bytes,
  field,
  int32,
  int64,
  map,
  message,
  optional,
  string,
  uint32,
  type Value,
} from "../../lib/protobuf.ts";
import { decodeName, encodeName } from "../../lib/tar/names.ts";

export const PacketType = { stat: 0, request: 1, data: 2, finish: 3, error: 4 } as const;

/** The name of a file, whose bytes need not be text: clients send them as they are. */
const name: typeof string = {
  ...string,
  read: (reader) => decodeName(reader.bytes()),
  write: (writer, value) => writer.bytes(encodeName(value)),
};

/** An entry of a folder. */
export const Stat = message({
  path: field(1, name),
  /** As Go has it: permissions below, the kinds of files in the upper bits. */
  mode: field(2, uint32),
  uid: field(3, uint32),
  gid: field(4, uint32),
  size: field(5, int64),
  /** Nanoseconds since 1970. */
  modTime: field(6, bigInt64),
  linkname: field(7, name),
  devMajor: field(8, int64),
  devMinor: field(9, int64),
  xattrs: map(10, bytes),
});
export type Stat = Value<typeof Stat>;

export const Packet = message({
  /** One of {@link PacketType}. */
  type: field(1, int32),
  stat: optional(2, Stat),
  id: field(3, uint32),
  data: field(4, bytes),
});
export type Packet = Value<typeof Packet>;
