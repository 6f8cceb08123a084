/**
 * Protocol buffers by tables: a message is written down once, as its fields with their numbers and kinds, and both its
 * TypeScript types and its bytes follow from that:
 *
 *     export const Vertex = message({ digest: field(1, string), inputs: repeated(2, string), at: optional(5, Time) });
 *     export type Vertex = Value<typeof Vertex>;
 *
 * Kinds are `string`, `bytes`, `bool`, `int32` (enumerations too), `uint32`, `int64`, `uint64`, `bigInt64`, any
 * message, and `lazy` for one that holds itself. What `decode` gives has every field: scalars that were not sent are
 * zero, `repeated` is an array, `map` a Map; what is `optional` is undefined where it was not sent. `encode` takes
 * fields as they come and leaves out what is zero. A `oneof` is several optional fields. Fields that the table does
 * not have are skipped.
 */
import { decodeFailure, Reader, Wire } from "./protobuf-reader.ts";
import { Writer } from "./protobuf-writer.ts";

/** How one value is read and written; `Out` is what reading gives, `In` what writing takes. */
export interface Kind<Out, In = Out> {
  readonly wire: Wire;
  /** Numbers are sent packed when they are repeated. */
  readonly packed: boolean;
  /** The value of a field that was not sent. */
  zero(): Out;
  isZero(value: In): boolean;
  read(reader: Reader): Out;
  write(writer: Writer, value: In): void;
}

/** A kind with a zero that is not sent. */
interface Scalar<T> extends Kind<T> {
  readonly scalar: true;
}

/** A field of a message: its number, and how it is gathered and written. */
interface Field<Out, In> {
  readonly number: number;
  initial(): Out;
  /** The field's value after one more occurrence of it. */
  read(reader: Reader, wire: number, before: Out): Out;
  write(writer: Writer, value: In): void;
}

/** A message of the table; itself a kind, for fields that hold one. */
export interface Message<Out, In = Out> extends Kind<Out, In> {
  readWhole(reader: Reader): Out;
  writeWhole(writer: Writer, value: In): void;
}

type Fields = Record<string, Field<unknown, unknown>>;
type ValueOf<F> = { [K in keyof F]: F[K] extends Field<infer Out, infer _In> ? Out : never };
type InputOf<F> = { [K in keyof F]?: F[K] extends Field<infer _Out, infer In> ? In | undefined : never };

/** What `decode` gives for a message. */
export type Value<M> = M extends Message<infer Out, infer _In> ? Out : never;
/** What `encode` takes for a message: `Input<typeof Vertex>`. */
export type Input<M> = M extends Message<infer _Out, infer In> ? In : never;

/** The bytes of a message. */
export function encode<Out, In>(type: Message<Out, In>, value: In): Uint8Array {
  const writer = Writer.take();
  try {
    type.writeWhole(writer, value);
    return writer.finish();
  } catch (error) {
    writer.discard();
    throw error;
  }
}

/** The message in these bytes; byte fields are views of them. Throws an Error that says what is wrong with them. */
export function decode<Out, In>(type: Message<Out, In>, bytes: Uint8Array): Out {
  return type.readWhole(new Reader(bytes));
}

/** A message with these fields. */
export function message<F extends Fields>(fields: F): Message<ValueOf<F>, InputOf<F>> {
  return new Table<ValueOf<F>, InputOf<F>>(fields);
}

/** A message that is written down further on, or that holds itself. */
export function lazy<Out, In>(type: () => Message<Out, In>): Message<Out, In> {
  return {
    wire: Wire.bytes,
    packed: false,
    zero: () => type().zero(),
    isZero: () => false,
    read: (reader) => type().read(reader),
    write: (writer, value) => type().write(writer, value),
    readWhole: (reader) => type().readWhole(reader),
    writeWhole: (writer, value) => type().writeWhole(writer, value),
  };
}

interface Column {
  readonly name: string;
  readonly field: Field<unknown, unknown>;
}

class Table<Out, In> implements Message<Out, In> {
  readonly wire = Wire.bytes;
  readonly packed = false;
  readonly #columns: Column[];
  readonly #byNumber: Column[] = [];

  constructor(fields: Fields) {
    this.#columns = Object.entries(fields).map(([name, field]) => ({ name, field }));
    for (const column of this.#columns) this.#byNumber[column.field.number] = column;
  }

  zero(): Out {
    return this.readWhole(new Reader(new Uint8Array()));
  }

  isZero(): boolean {
    return false;
  }

  read(reader: Reader): Out {
    const outer = reader.enter();
    const value = this.readWhole(reader);
    reader.leave(outer);
    return value;
  }

  write(writer: Writer, value: In): void {
    const start = writer.open();
    this.writeWhole(writer, value);
    writer.close(start);
  }

  readWhole(reader: Reader): Out {
    const value: Record<string, unknown> = {};
    for (const { name, field } of this.#columns) value[name] = field.initial();
    while (reader.more()) {
      const tag = reader.tag();
      const column = this.#byNumber[tag >>> 3];
      if (column) value[column.name] = readField(column, reader, tag & 7, value[column.name]);
      else reader.skip(tag);
    }
    return value as Out;
  }

  writeWhole(writer: Writer, value: In): void {
    const values = value as Record<string, unknown>;
    for (const { name, field } of this.#columns) {
      const each = values[name];
      if (each !== undefined) field.write(writer, each);
    }
  }
}

function readField({ name, field }: Column, reader: Reader, wire: number, before: unknown): unknown {
  try {
    return field.read(reader, wire, before);
  } catch (error) {
    throw decodeFailure(error, field.number, name);
  }
}

function readOne<Out, In>(kind: Kind<Out, In>, reader: Reader, wire: number): Out {
  reader.expect(kind.wire, wire);
  return kind.read(reader);
}

function writeOne<Out, In>(kind: Kind<Out, In>, writer: Writer, number: number, value: In): void {
  writer.tag(number, kind.wire);
  kind.write(writer, value);
}

/** One scalar: zero where it was not sent, and not sent where it is zero. */
export function field<T>(number: number, kind: Scalar<T>): Field<T, T> {
  return {
    number,
    initial: () => kind.zero(),
    read: (reader, wire) => readOne(kind, reader, wire),
    write(writer, value) {
      if (!kind.isZero(value)) writeOne(kind, writer, number, value);
    },
  };
}

/** One value that may be absent, which is something else than zero; of several in one message the last counts. */
export function optional<Out, In>(number: number, kind: Kind<Out, In>): Field<Out | undefined, In> {
  return {
    number,
    initial: () => undefined,
    read: (reader, wire) => readOne(kind, reader, wire),
    write: (writer, value) => writeOne(kind, writer, number, value),
  };
}

/** Any number of values. */
export function repeated<Out, In>(number: number, kind: Kind<Out, In>): Field<Out[], readonly In[]> {
  return {
    number,
    initial: () => [],
    read(reader, wire, before) {
      if (kind.packed && wire === Wire.bytes) {
        const outer = reader.enter();
        while (reader.more()) before.push(reader.element(kind));
        reader.leave(outer);
      } else {
        reader.expect(kind.wire, wire);
        before.push(reader.element(kind));
      }
      return before;
    },
    write(writer, values) {
      if (!kind.packed) for (const value of values) writeOne(kind, writer, number, value);
      else if (values.length > 0) {
        writer.tag(number, Wire.bytes);
        const start = writer.open();
        for (const value of values) kind.write(writer, value);
        writer.close(start);
      }
    },
  };
}

/** Values by name. */
export function map<Out, In>(number: number, kind: Kind<Out, In>): Field<Map<string, Out>, ReadonlyMap<string, In>> {
  return {
    number,
    initial: () => new Map(),
    read(reader, wire, before) {
      reader.expect(Wire.bytes, wire);
      const outer = reader.enter();
      let key = "";
      let value: Out | undefined;
      while (reader.more()) {
        const tag = reader.tag();
        if (tag >>> 3 === 1) key = readOne(string, reader, tag & 7);
        else if (tag >>> 3 === 2) value = readOne(kind, reader, tag & 7);
        else reader.skip(tag);
      }
      reader.leave(outer);
      return before.set(key, value === undefined ? kind.zero() : value);
    },
    write(writer, values) {
      for (const [key, value] of values) {
        writer.tag(number, Wire.bytes);
        const start = writer.open();
        writeOne(string, writer, 1, key);
        writeOne(kind, writer, 2, value);
        writer.close(start);
      }
    },
  };
}

/** Text. */
export const string: Scalar<string> = {
  scalar: true,
  wire: Wire.bytes,
  packed: false,
  zero: () => "",
  isZero: (value) => value === "",
  read: (reader) => reader.text(),
  write: (writer, value) => writer.text(value),
};

const nothing = new Uint8Array();

/** Bytes: when read, a view of the message. */
export const bytes: Scalar<Uint8Array> = {
  scalar: true,
  wire: Wire.bytes,
  packed: false,
  zero: () => nothing,
  isZero: (value) => value.length === 0,
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
};

const number = { scalar: true, wire: Wire.varint, packed: true } as const;

/** True or false. */
export const bool: Scalar<boolean> = {
  ...number,
  zero: () => false,
  isZero: (value) => !value,
  read: (reader) => (reader.varint() | reader.high) !== 0,
  write: (writer, value) => writer.varint(value ? 1 : 0, 0),
};

/** A number of 32 bits with a sign; also for enumerations. */
export const int32: Scalar<number> = {
  ...number,
  zero: () => 0,
  isZero: (value) => value === 0,
  read: (reader) => reader.varint() | 0,
  write: (writer, value) => writer.varint(value >>> 0, value < 0 ? 0xffffffff : 0),
};

/** A number of 32 bits without a sign. */
export const uint32: Scalar<number> = {
  ...number,
  zero: () => 0,
  isZero: (value) => value === 0,
  read: (reader) => reader.varint(),
  write: (writer, value) => writer.varint(value >>> 0, 0),
};

const twoTo32 = 2 ** 32;

/** A number of 64 bits with a sign, of which only those that a JavaScript number holds exactly are taken. */
export const int64: Scalar<number> = {
  ...number,
  zero: () => 0,
  isZero: (value) => value === 0,
  read: (reader) => exact(reader.varint() + (reader.high | 0) * twoTo32),
  write: (writer, value) => writer.varint(exact(value) >>> 0, Math.floor(value / twoTo32) >>> 0),
};

/** A number of 64 bits without a sign, with the limit of {@link int64}. */
export const uint64: Scalar<number> = {
  ...int64,
  read: (reader) => exact(reader.varint() + reader.high * twoTo32),
};

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Error(`number out of range: ${value}`);
  return value;
}

/** A number of 64 bits with a sign, whole: nanoseconds. */
export const bigInt64: Scalar<bigint> = {
  ...number,
  zero: () => 0n,
  isZero: (value) => value === 0n,
  read(reader) {
    const low = reader.varint();
    return BigInt.asIntN(64, (BigInt(reader.high) << 32n) | BigInt(low));
  },
  write: (writer, value) => writer.varint(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))),
};

/** A number of 64 bits without a sign, always of eight bytes. */
export const fixed64: Scalar<bigint> = {
  scalar: true,
  wire: Wire.fixed64,
  packed: true,
  zero: () => 0n,
  isZero: (value) => value === 0n,
  read: (reader) => reader.fixed64(),
  write: (writer, value) => writer.fixed64(value),
};
