/**
 * Netlink's wire format (netlink(7)): messages of a 16-byte header, a fixed family-specific struct and attributes,
 * host byte order, everything padded to four bytes. Pure: bytes in, bytes out.
 */

/** Flags of a message: `NLM_F_…` of linux/netlink.h. */
export const NLM_F = {
  REQUEST: 1,
  ACK: 4,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
} as const;

/** Message types that every netlink family has: `NLMSG_…` of linux/netlink.h. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3 } as const;

const HEADER = 16;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

const align = (length: number): number => (length + 3) & ~3;

/** Attributes are written in order; a nested list becomes a nested attribute. */
export type Attribute = readonly [type: number, value: Uint8Array | readonly Attribute[]];

/** A message to be sent. */
export interface Message {
  type: number;
  flags: number;
  /** The family's fixed struct (`ifinfomsg`, `rtmsg`, `nfgenmsg`, …). */
  body: Uint8Array;
  attributes: readonly Attribute[];
}

/** The value as one byte. */
export const u8 = (value: number): Uint8Array => Uint8Array.of(value);

/** In the machine's byte order. */
export function u16(value: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(value).buffer);
}

/** In the machine's byte order. */
export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Big-endian, as nf_tables and port numbers want it. */
export function be16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 255, value & 255);
}

/** Big-endian. */
export function be32(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** NUL-terminated. */
export function text(value: string): Uint8Array {
  return Buffer.from(`${value}\0`);
}

function attributesLength(attributes: readonly Attribute[]): number {
  return attributes.reduce((sum, [, value]) => sum + align(4 + valueLength(value)), 0);
}

function valueLength(value: Attribute[1]): number {
  return value instanceof Uint8Array ? value.length : attributesLength(value);
}

function writeAttributes(into: DataView, start: number, attributes: readonly Attribute[]): number {
  let at = start;
  for (const [type, value] of attributes) {
    const length = valueLength(value);
    into.setUint16(at, 4 + length, true);
    if (value instanceof Uint8Array) {
      into.setUint16(at + 2, type, true);
      new Uint8Array(into.buffer).set(value, at + 4);
    } else {
      into.setUint16(at + 2, type | NLA_F_NESTED, true);
      writeAttributes(into, at + 4, value);
    }
    at += align(4 + length);
  }
  return at;
}

/** Attributes alone, for the few places that want them behind a struct inside another attribute. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const bytes = new Uint8Array(attributesLength(attributes));
  writeAttributes(new DataView(bytes.buffer), 0, attributes);
  return bytes;
}

/** One datagram of all the messages, numbered from `sequence` on. */
export function encodeMessages(messages: readonly Message[], sequence: number): Uint8Array {
  const sizes = messages.map((message) => HEADER + align(message.body.length) + attributesLength(message.attributes));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, message] of messages.entries()) {
    const size = sizes[index] ?? 0;
    view.setUint32(at, size, true);
    view.setUint16(at + 4, message.type, true);
    view.setUint16(at + 6, message.flags, true);
    view.setUint32(at + 8, sequence + index, true);
    bytes.set(message.body, at + HEADER);
    writeAttributes(view, at + HEADER + align(message.body.length), message.attributes);
    at += size;
  }
  return bytes;
}

/** A message as it was received, its attributes not yet read. */
export interface ReceivedMessage {
  type: number;
  flags: number;
  sequence: number;
  /** Number of the socket whose request it belongs to; in notifications that of who made the change. */
  port: number;
  payload: Uint8Array;
}

/** The messages of one received datagram. */
export function* decodeMessages(datagram: Uint8Array): Generator<ReceivedMessage> {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  let at = 0;
  while (at + HEADER <= datagram.length) {
    const length = view.getUint32(at, true);
    if (length < HEADER || at + length > datagram.length) return;
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      payload: datagram.subarray(at + HEADER, at + length),
    };
    at += align(length);
  }
}

/** Attributes by type, from `payload` after the fixed struct of `bodyLength` bytes. The last of equal types stays. */
export function decodeAttributes(payload: Uint8Array, bodyLength = 0): Map<number, Uint8Array> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const attributes = new Map<number, Uint8Array>();
  let at = align(bodyLength);
  while (at + 4 <= payload.length) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > payload.length) break;
    attributes.set(view.getUint16(at + 2, true) & NLA_TYPE_MASK, payload.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

/** The value of an attribute as text, without its NUL. */
export function textOf(value: Uint8Array | undefined): string {
  return value === undefined ? "" : Buffer.from(value).toString().replace(/\0.*$/s, "");
}

/** The value of an attribute as a number of 1, 2 or 4 bytes; 0 where it is absent. */
export function numberOf(value: Uint8Array | undefined): number {
  if (value === undefined) return 0;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return value.length >= 4 ? view.getUint32(0, true) : value.length >= 2 ? view.getUint16(0, true) : view.getUint8(0);
}
