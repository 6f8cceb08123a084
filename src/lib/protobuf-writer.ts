import type { Wire } from "./protobuf-reader.ts";

const firstSize = 4096;
/** Larger buffers are handed out instead of being copied from. */
const largestKept = 65536;

/** Puts a message's bytes together. */
export class Writer {
  static #kept: Writer | undefined;
  #buffer = Buffer.allocUnsafeSlow(firstSize);
  #position = 0;

  /** A writer, empty; to be given back by `finish` or `discard`. */
  static take(): Writer {
    const writer = Writer.#kept ?? new Writer();
    Writer.#kept = undefined;
    return writer;
  }

  /** What was written; the writer must not be used any more. */
  finish(): Uint8Array {
    const whole = this.#buffer.subarray(0, this.#position);
    if (this.#buffer.length > largestKept) return whole;
    const copy = Buffer.allocUnsafe(this.#position);
    copy.set(whole);
    this.discard();
    return copy;
  }

  /** Forgets what was written; the writer must not be used any more. */
  discard(): void {
    this.#position = 0;
    if (this.#buffer.length <= largestKept) Writer.#kept = this;
  }

  /** A field's number and wire type. */
  tag(number: number, wire: Wire): void {
    this.varint(((number << 3) | wire) >>> 0, 0);
  }

  /** A varint of two halves of 32 bits. */
  varint(low: number, high: number): void {
    this.#reserve(10);
    const buffer = this.#buffer;
    let position = this.#position;
    while (high !== 0) {
      buffer[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    while (low > 0x7f) {
      buffer[position++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    buffer[position++] = low;
    this.#position = position;
  }

  /** A number without a sign, as eight bytes. */
  fixed64(value: bigint): void {
    this.#reserve(8);
    this.#position = this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#position);
  }

  /** A length and bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length, 0);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#position);
    this.#position += value.length;
  }

  /** A length and UTF-8. */
  text(value: string): void {
    const most = value.length * 3;
    if (most < 0x80) {
      this.#reserve(most + 1);
      const length = this.#buffer.write(value, this.#position + 1, most, "utf8");
      this.#buffer[this.#position] = length;
      this.#position += length + 1;
    } else {
      const length = Buffer.byteLength(value);
      this.varint(length, 0);
      this.#reserve(length);
      this.#position += this.#buffer.write(value, this.#position, length, "utf8");
    }
  }

  /** Begins something with a length in front; gives where, for `close`. */
  open(): number {
    this.#reserve(1);
    return this.#position++;
  }

  /** Ends what was opened there. Room was left for a length of one byte; for more of it the content moves. */
  close(start: number): void {
    const length = this.#position - start - 1;
    if (length < 0x80) {
      this.#buffer[start] = length;
      return;
    }
    let more = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) more++;
    this.#reserve(more);
    this.#buffer.copyWithin(start + 1 + more, start + 1, this.#position);
    this.#position = start;
    this.varint(length, 0);
    this.#position += length;
  }

  #reserve(length: number): void {
    const needed = this.#position + length;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#position));
    this.#buffer = larger;
  }
}
