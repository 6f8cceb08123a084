import { expect, test } from "bun:test";
import {
  bigInt64,
  bool,
  bytes,
  decode,
  encode,
  field,
  type Input,
  int32,
  int64,
  lazy,
  type Message,
  map,
  message,
  optional,
  repeated,
  string,
  uint32,
  uint64,
  type Value,
} from "./protobuf.ts";

const Time = message({ seconds: field(1, int64), nanos: field(2, int32) });
const All = message({
  text: field(1, string),
  raw: field(2, bytes),
  flag: field(3, bool),
  signed: field(4, int32),
  unsigned: field(5, uint32),
  large: field(6, int64),
  size: field(7, uint64),
  exact: field(8, bigInt64),
  time: optional(9, Time),
  maybe: optional(10, uint32),
  names: repeated(11, string),
  numbers: repeated(12, int64),
  times: repeated(13, Time),
  labels: map(14, string),
  counts: map(15, int32),
  byName: map(16, Time),
  far: field(5000, string),
});

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const full: Value<typeof All> = {
  text: "héllo €𝄞",
  raw: hex("00ff80"),
  flag: true,
  signed: -5,
  unsigned: 0xffffffff,
  large: -(2 ** 53 - 1),
  size: 2 ** 53 - 1,
  exact: -(2n ** 63n),
  time: { seconds: 1764511680, nanos: 5 },
  maybe: 0,
  names: ["", "a", "x".repeat(70_000)],
  numbers: [0, 1, -1, 127, 128, 2 ** 40],
  times: [
    { seconds: 0, nanos: 0 },
    { seconds: -1, nanos: -1 },
  ],
  labels: new Map([
    ["__proto__", "a"],
    ["constructor", ""],
    ["", "b"],
  ]),
  counts: new Map([
    ["zero", 0],
    ["one", 1],
  ]),
  byName: new Map([["now", { seconds: 9, nanos: 0 }]]),
  far: "away",
};

test("values come back as they went", () => {
  expect(decode(All, encode(All, full))).toEqual(full);
});

test("what was not sent is zero, empty or undefined", () => {
  expect(encode(All, {}).length).toBe(0);
  const { time, maybe, labels, ...rest } = decode(All, new Uint8Array());
  expect([time, maybe, labels.size]).toEqual([undefined, undefined, 0]);
  expect(rest).toMatchObject({ text: "", flag: false, large: 0, exact: 0n, names: [], numbers: [] });
  expect(encode(All, decode(All, new Uint8Array())).length).toBe(0);
});

test("bytes are those of other encoders", () => {
  // As protoc 3.21 writes them.
  const cases: [Input<typeof All>, string][] = [
    [{ text: "abc" }, "0a 03 616263"],
    [{ signed: -1 }, "20 ffffffffffffffffff01"],
    [{ unsigned: 300 }, "28 ac02"],
    [{ large: -2 }, "30 feffffffffffffffff01"],
    [{ large: 2 ** 32 }, "30 8080808010"],
    [{ exact: 1n }, "40 01"],
    [{ maybe: 0 }, "50 00"],
    [{ time: {} }, "4a 00"],
    [{ numbers: [1, 300] }, "62 03 01ac02"],
    [{ labels: new Map([["k", ""]]) }, "72 05 0a016b 1200"],
    [{ far: "z" }, "c2b802 01 7a"],
  ];
  for (const [value, expected] of cases)
    expect(Buffer.from(encode(All, value)).toString("hex")).toBe(expected.replaceAll(" ", ""));
});

test("lists of numbers are read packed and one by one, and entries of maps without key or value", () => {
  expect(decode(All, hex("62 03 01ac02 60 05 62 00")).numbers).toEqual([1, 300, 5]);
  expect(decode(All, hex("72 00")).labels).toEqual(new Map([["", ""]]));
  expect(decode(All, hex("8201 03 0a016b")).byName).toEqual(new Map([["k", { seconds: 0, nanos: 0 }]]));
});

test("fields that nobody knows are passed over", () => {
  expect(decode(All, hex("f83f 8001 f93f 0102030405060708 fa3f 02 aabb fd3f 01020304 18 01")).flag).toBe(true);
});

test("of a field that is sent twice the last counts; numbers too long for their kind are cut", () => {
  expect(decode(All, hex("0a0161 0a0162")).text).toBe("b");
  expect(decode(All, hex("28 ffffffffffffffffff01")).unsigned).toBe(0xffffffff);
});

test("a message can hold itself", () => {
  interface Tree {
    name: string;
    below: Tree[];
  }
  const Tree: Message<Tree> = message({
    name: field(1, string),
    below: repeated(
      2,
      lazy(() => Tree),
    ),
  });
  const tree: Tree = {
    name: "a",
    below: [
      { name: "b", below: [] },
      { name: "c", below: [{ name: "d", below: [] }] },
    ],
  };
  expect(decode(Tree, encode(Tree, tree))).toEqual(tree);

  let deep = Buffer.alloc(0);
  for (let at = 0; at < 101; at++) deep = Buffer.concat([hex("12"), lengthOf(deep.length), deep]);
  expect(() => decode(Tree, deep)).toThrow("messages nested more than 100 deep");
});

function lengthOf(length: number): Buffer {
  return length < 128 ? Buffer.from([length]) : Buffer.from([(length & 0x7f) | 0x80, length >> 7]);
}

test.each([
  ["0a", "field 1 (text): truncated message"],
  ["0a 05 61", "field 1 (text): truncated message"],
  ["0a ffffffff0f", "field 1 (text): truncated message"],
  ["0a ffffffffffffffff7f", "field 1 (text): truncated message"],
  ["4a 02 08", "field 9 (time): truncated message"],
  ["4a 01 08", "field 9 (time), field 1 (seconds): truncated message"],
  ["4a 03 10 80 01", undefined],
  ["28 80", "field 5 (unsigned): truncated message"],
  ["28 ffffffffffffffffffffff01", "field 5 (unsigned): a varint of more than ten bytes"],
  ["28", "field 5 (unsigned): truncated message"],
  ["2a 00", "field 5 (unsigned): expected a varint, got a length and bytes"],
  ["08 01", "field 1 (text): expected a length and bytes, got a varint"],
  ["62 02 01 80", "field 12 (numbers): truncated message"],
  ["6d 01020304", "field 13 (times): expected a length and bytes, got four bytes"],
  ["70 01", "field 14 (labels): expected a length and bytes, got a varint"],
  ["30 ffffffffffffff7f", "field 6 (large): number out of range: 72057594037927940"],
  ["f93f 01", "truncated message"],
  ["fd3f 01", "truncated message"],
  ["fb3f", "field 1023: a group, which is not supported"],
  ["ff3f", "field 1023: wire type 7, which is not supported"],
  ["00", "field number out of range"],
  ["ffffffffffffffffff01", "field number out of range"],
])("%s: %s", (text, failure) => {
  const read = () => decode(All, hex(text));
  if (failure === undefined) expect(read).not.toThrow();
  else expect(read).toThrow(new Error(failure));
});

test("every beginning of a message is read or refused, and so is any change of a byte", () => {
  const whole = encode(All, { ...full, names: ["a", "b"] });
  const tried = (bytes: Uint8Array) => {
    try {
      decode(All, bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TypeError);
      expect(error).not.toBeInstanceOf(RangeError);
    }
  };
  for (let length = 0; length < whole.length; length++) tried(whole.subarray(0, length));
  for (let at = 0; at < whole.length; at++) {
    for (const change of [0x01, 0x07, 0x80, 0xff]) {
      const other = Uint8Array.from(whole);
      other[at] = (other[at] ?? 0) ^ change;
      tried(other);
    }
  }
});

test("two bytes of a list cannot ask for memory without end", () => {
  const many = Buffer.alloc(4 << 20, hex("6a 00"));
  expect(() => decode(All, many)).toThrow("parts in one message");
});

test("numbers that no JavaScript number holds are refused when written", () => {
  expect(() => encode(All, { large: 2 ** 53 })).toThrow("number out of range");
  expect(() => encode(All, { size: Number.NaN })).toThrow("number out of range");
  // What failed leaves nothing behind for the next.
  expect(encode(All, { flag: true })).toEqual(hex("18 01"));
});
