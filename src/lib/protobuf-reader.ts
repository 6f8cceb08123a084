/** How the bytes of a field are laid out. */
export const Wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
/** One of {@link Wire}. */
export type Wire = (typeof Wire)[keyof typeof Wire];

const wireNames: Record<number, string> = {
  0: "a varint",
  1: "eight bytes",
  2: "a length and bytes",
  3: "a group",
  4: "the end of a group",
  5: "four bytes",
};
const wireName = (wire: number) => wireNames[wire] ?? `wire type ${wire}`;

const deepest = 100;
/** Elements of lists, entries of maps and messages in one message: two bytes can ask for an object of a hundred. */
const mostParts = 1 << 18;

/** What is wrong with a message, and where: `field 4 (inputs): truncated message`. */
class DecodeError extends Error {
  readonly path: string;
  constructor(
    readonly reason: string,
    path = "",
  ) {
    super(path ? `${path}: ${reason}` : reason);
    this.path = path;
  }
}

/** The error of a field's reading with the field in its text; what is no error of reading stays as it is. */
export function decodeFailure(error: unknown, number: number, name: string): unknown {
  if (!(error instanceof Error)) return error;
  const inner = error instanceof DecodeError ? error : new DecodeError(error.message);
  const own = `field ${number} (${name})`;
  return new DecodeError(inner.reason, inner.path ? `${own}, ${inner.path}` : own);
}

/** Takes a message's bytes apart. Whatever they say of their length is held against what is there. */
export class Reader {
  readonly #buffer: Buffer;
  #position = 0;
  #end: number;
  #depth = 0;
  #parts = 0;
  /** The upper 32 bits of the varint read last. */
  high = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Is there another field in the present message? */
  more(): boolean {
    return this.#position < this.#end;
  }

  /** The lower 32 bits of the next varint; the upper ones are left in `high`. */
  varint(): number {
    const buffer = this.#buffer;
    const end = this.#end;
    let position = this.#position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw new DecodeError("truncated message");
      const byte = buffer[position++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift > 28) high |= bits << (shift - 32);
      else {
        low |= bits << 28;
        high = bits >>> 4;
      }
      if (byte < 0x80) {
        this.#position = position;
        this.high = high >>> 0;
        return low >>> 0;
      }
    }
    throw new DecodeError("a varint of more than ten bytes");
  }

  /** The next eight bytes, as a number without a sign. */
  fixed64(): bigint {
    const start = this.#position;
    this.#pass(8);
    return this.#buffer.readBigUInt64LE(start);
  }

  /** The number and wire type of the next field. */
  tag(): number {
    const tag = this.varint();
    if (this.high !== 0 || tag < 8) throw new DecodeError(`field number out of range`);
    return tag;
  }

  /** Refuses another wire type than the field's kind has. */
  expect(wanted: Wire, got: number): void {
    if (wanted !== got) throw new DecodeError(`expected ${wireName(wanted)}, got ${wireName(got)}`);
  }

  /** The present message's end; until `leave`, that of the one that begins here. */
  enter(): number {
    const outer = this.#end;
    const length = this.#length();
    if (++this.#depth > deepest) throw new DecodeError(`messages nested more than ${deepest} deep`);
    this.#part();
    this.#end = this.#position + length;
    return outer;
  }

  /** Goes on behind what was entered. */
  leave(outer: number): void {
    this.#end = outer;
    this.#depth--;
  }

  /** One value of a list. */
  element<T>(kind: { read(reader: Reader): T }): T {
    this.#part();
    return kind.read(this);
  }

  /** A length and so many bytes, as a view. */
  bytes(): Uint8Array {
    const length = this.#length();
    const start = this.#position;
    this.#position += length;
    return this.#buffer.subarray(start, this.#position);
  }

  /** A length and so many bytes of UTF-8. */
  text(): string {
    const length = this.#length();
    if (length === 0) return "";
    const start = this.#position;
    this.#position += length;
    return this.#buffer.toString("utf8", start, this.#position);
  }

  /** Passes over a field that nobody asked for. */
  skip(tag: number): void {
    const wire = tag & 7;
    if (wire === Wire.varint) this.varint();
    else if (wire === Wire.bytes) this.#pass(this.#length());
    else if (wire === Wire.fixed32) this.#pass(4);
    else if (wire === Wire.fixed64) this.#pass(8);
    else throw new DecodeError(`field ${tag >>> 3}: ${wireName(wire)}, which is not supported`);
  }

  #pass(length: number): void {
    if (length > this.#end - this.#position) throw new DecodeError("truncated message");
    this.#position += length;
  }

  #length(): number {
    const length = this.varint();
    if (this.high !== 0 || length > this.#end - this.#position) throw new DecodeError("truncated message");
    return length;
  }

  #part(): void {
    if (++this.#parts > mostParts) throw new DecodeError(`more than ${mostParts} parts in one message`);
  }
}
