/**
 * D-Bus' wire format (D-Bus Specification, "Marshaling"): values by their signature, each aligned to its size, little
 * endian. Pure.
 */

/** A value that carries its own type; dictionaries are lists of pairs. */
export interface Variant {
  signature: string;
  value: DBusValue;
}
/** A value as JavaScript has it; which type it has on the bus, the signature says. */
export type DBusValue = number | bigint | string | boolean | Variant | readonly DBusValue[];

const alignments: Record<string, number> = {
  y: 1,
  g: 1,
  v: 1,
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  "(": 8,
  "{": 8,
};
const alignmentOf = (type: string): number => alignments[type[0] ?? ""] ?? 1;

/** `a{sv}as` → [`a{sv}`, `as`]. */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, start: number): number {
  let at = start;
  while (signature[at] === "a") at++;
  const opening = signature[at];
  if (opening !== "(" && opening !== "{") return at + 1;
  const closing = opening === "(" ? ")" : "}";
  for (let depth = 0; at < signature.length; at++) {
    if (signature[at] === opening) depth++;
    else if (signature[at] === closing && --depth === 0) return at + 1;
  }
  throw new Error(`bad D-Bus signature: ${signature}`);
}

/** The values of a signature one behind the other, as they stand at the beginning of a message's body. */
export function encodeValues(signature: string, values: readonly DBusValue[]): Buffer {
  const writer = new Writer();
  for (const [index, type] of splitSignature(signature).entries()) writer.write(type, values[index] ?? "");
  return writer.bytes();
}

/** Puts values behind one another, each aligned as D-Bus wants it. */
export class Writer {
  readonly #parts: number[] = [];

  bytes(): Buffer {
    return Buffer.from(this.#parts);
  }

  align(size: number): void {
    while (this.#parts.length % size !== 0) this.#parts.push(0);
  }

  write(type: string, value: DBusValue): void {
    this.align(alignmentOf(type));
    switch (type[0]) {
      case "y":
        this.#number(Number(value), 1);
        break;
      case "n":
      case "q":
        this.#number(Number(value), 2);
        break;
      case "b":
      case "i":
      case "u":
        this.#number(Number(value), 4);
        break;
      case "x":
      case "t":
        this.#raw(Buffer.from(BigInt64Array.of(BigInt.asIntN(64, BigInt(Number(value)))).buffer));
        break;
      case "d":
        this.#raw(Buffer.from(Float64Array.of(Number(value)).buffer));
        break;
      case "s":
      case "o":
        this.#text(String(value), 4);
        break;
      case "g":
        this.#text(String(value), 1);
        break;
      case "v":
        this.#variant(value);
        break;
      case "a":
        this.#array(type.slice(1), list(value));
        break;
      case "(":
      case "{": {
        const members = list(value);
        for (const [index, member] of splitSignature(type.slice(1, -1)).entries())
          this.write(member, members[index] ?? "");
        break;
      }
      default:
        throw new Error(`bad D-Bus type: ${type}`);
    }
  }

  #raw(bytes: Uint8Array): void {
    for (const byte of bytes) this.#parts.push(byte);
  }

  #number(value: number, size: number): void {
    for (let at = 0; at < size; at++) this.#parts.push((value >>> (8 * at)) & 255);
  }

  #text(value: string, lengthSize: number): void {
    const bytes = Buffer.from(value);
    this.#number(bytes.length, lengthSize);
    this.#raw(bytes);
    this.#parts.push(0);
  }

  #variant(value: DBusValue): void {
    if (typeof value !== "object" || !("signature" in value)) throw new Error("a D-Bus variant needs a signature");
    this.#text(value.signature, 1);
    this.write(value.signature, value.value);
  }

  #array(type: string, items: readonly DBusValue[]): void {
    const at = this.#parts.length;
    this.#number(0, 4);
    this.align(alignmentOf(type));
    const start = this.#parts.length;
    for (const item of items) this.write(type, item);
    const length = this.#parts.length - start;
    for (let byte = 0; byte < 4; byte++) this.#parts[at + byte] = (length >>> (8 * byte)) & 255;
  }
}

function list(value: DBusValue): readonly DBusValue[] {
  if (typeof value !== "object" || "signature" in value) throw new Error("D-Bus wants a list");
  return value;
}

/** Throws `RangeError` where the bytes end too early. Alignment counts from the beginning of the bytes. */
export class Reader {
  #at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly littleEndian: boolean,
  ) {}

  align(size: number): void {
    this.#at = Math.ceil(this.#at / size) * size;
  }

  read(type: string): DBusValue {
    this.align(alignmentOf(type));
    switch (type[0]) {
      case "y":
        return this.bytes.readUInt8(this.#step(1));
      case "n":
        return this.#integer(2, true);
      case "q":
        return this.#integer(2, false);
      case "b":
        return this.#integer(4, false) !== 0;
      case "i":
        return this.#integer(4, true);
      case "u":
        return this.#integer(4, false);
      case "x":
        return this.littleEndian ? this.bytes.readBigInt64LE(this.#step(8)) : this.bytes.readBigInt64BE(this.#step(8));
      case "t":
        return this.littleEndian
          ? this.bytes.readBigUInt64LE(this.#step(8))
          : this.bytes.readBigUInt64BE(this.#step(8));
      case "d":
        return this.littleEndian ? this.bytes.readDoubleLE(this.#step(8)) : this.bytes.readDoubleBE(this.#step(8));
      case "s":
      case "o":
        return this.#text(this.#integer(4, false));
      case "g":
        return this.#text(this.bytes.readUInt8(this.#step(1)));
      case "v": {
        const signature = this.#text(this.bytes.readUInt8(this.#step(1)));
        return { signature, value: this.read(signature) };
      }
      case "a": {
        const length = this.#integer(4, false);
        this.align(alignmentOf(type.slice(1)));
        const end = this.#at + length;
        if (end > this.bytes.length) throw new RangeError("a D-Bus array is longer than its message");
        const items: DBusValue[] = [];
        while (this.#at < end) items.push(this.read(type.slice(1)));
        return items;
      }
      case "(":
      case "{":
        return splitSignature(type.slice(1, -1)).map((member) => this.read(member));
      default:
        throw new Error(`bad D-Bus type: ${type}`);
    }
  }

  #step(size: number): number {
    const at = this.#at;
    this.#at += size;
    return at;
  }

  #integer(size: number, signed: boolean): number {
    const at = this.#step(size);
    if (this.littleEndian) return signed ? this.bytes.readIntLE(at, size) : this.bytes.readUIntLE(at, size);
    return signed ? this.bytes.readIntBE(at, size) : this.bytes.readUIntBE(at, size);
  }

  #text(length: number): string {
    const at = this.#step(length + 1);
    if (at + length + 1 > this.bytes.length) throw new RangeError("a D-Bus text is longer than its message");
    return this.bytes.toString("utf8", at, at + length);
  }
}
