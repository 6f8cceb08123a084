import { type DBusValue, encodeValues, Reader, splitSignature, Writer } from "./codec.ts";

/** D-Bus messages (D-Bus Specification, "Message Format"). Pure. */

/** Types of messages (D-Bus Specification, "Message Format"). */
export const MESSAGE = { CALL: 1, RETURN: 2, ERROR: 3, SIGNAL: 4 } as const;
const NO_AUTO_START = 2;
const FIELD = {
  PATH: 1,
  INTERFACE: 2,
  MEMBER: 3,
  ERROR_NAME: 4,
  REPLY_SERIAL: 5,
  DESTINATION: 6,
  SENDER: 7,
  SIGNATURE: 8,
} as const;
const fieldTypes: Record<number, string> = { 1: "o", 2: "s", 3: "s", 6: "s", 8: "g" };

/** A call of a method. `signature` is that of all its arguments together; empty: it has none. */
export interface MethodCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature: string;
  args: readonly DBusValue[];
}

/** A call that starts no service that is not there. */
export function encodeCall(call: MethodCall, serial: number): Buffer {
  const body = encodeValues(call.signature, call.args);
  const fields: [number, string][] = [
    [FIELD.PATH, call.path],
    [FIELD.DESTINATION, call.destination],
    [FIELD.INTERFACE, call.interface],
    [FIELD.MEMBER, call.member],
    ...(call.signature === "" ? [] : [[FIELD.SIGNATURE, call.signature] as [number, string]]),
  ];
  const head = new Writer();
  for (const byte of ["l".charCodeAt(0), MESSAGE.CALL, NO_AUTO_START, 1]) head.write("y", byte);
  head.write("u", body.length);
  head.write("u", serial);
  head.write(
    "a(yv)",
    fields.map(([code, value]) => [code, { signature: fieldTypes[code] ?? "s", value }]),
  );
  head.align(8);
  return Buffer.concat([head.bytes(), body]);
}

/** A message from the bus. Fields that its header does not have are empty, numbers 0. */
export interface ReceivedMessage {
  type: number;
  serial: number;
  replySerial: number;
  member: string;
  errorName: string;
  sender: string;
  args: DBusValue[];
}

const fixedHead = 16;
/** No message that anybody sends us is that big. */
const limit = 8 * 1024 * 1024;

/**
 * The first message of the bytes and how many of them it takes; null: not all of it is there yet. Throws for nonsense.
 */
export function decodeMessage(bytes: Buffer): { message: ReceivedMessage; length: number } | null {
  if (bytes.length < fixedHead) return null;
  const littleEndian = bytes[0] === "l".charCodeAt(0);
  const number = (at: number) => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const headLength = Math.ceil((fixedHead + number(12)) / 8) * 8;
  const length = headLength + number(4);
  if (length > limit) throw new Error(`a D-Bus message of ${length} bytes`);
  if (bytes.length < length) return null;
  const fields = new Map<number, DBusValue>();
  const head = new Reader(bytes.subarray(0, headLength), littleEndian);
  for (const type of ["y", "y", "y", "y", "u", "u"]) head.read(type);
  const pairs = head.read("a(yv)");
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    const [code, variant] = Array.isArray(pair) ? pair : [];
    if (typeof code === "number" && typeof variant === "object" && "signature" in variant)
      fields.set(code, variant.value);
  }
  const body = new Reader(bytes.subarray(headLength, length), littleEndian);
  const text = (code: number) => String(fields.get(code) ?? "");
  return {
    length,
    message: {
      type: bytes[1] ?? 0,
      serial: number(8),
      replySerial: Number(fields.get(FIELD.REPLY_SERIAL) ?? 0),
      member: text(FIELD.MEMBER),
      errorName: text(FIELD.ERROR_NAME),
      sender: text(FIELD.SENDER),
      args: splitSignature(text(FIELD.SIGNATURE)).map((type) => body.read(type)),
    },
  };
}
