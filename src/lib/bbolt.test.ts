import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BoltError, BoltFile } from "./bbolt.ts";

/** Files made by the programs themselves are read in test/migrate. Here: what they never write. */
const dir = mkdtempSync("/tmp/berth-bbolt-");
afterAll(() => rmSync(dir, { recursive: true }));

const PAGE = 4096;

function checksum(bytes: Uint8Array): bigint {
  let sum = 0xcbf29ce484222325n;
  for (const byte of bytes) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
  return sum;
}

function meta(transaction: number, root: number): Buffer {
  const page = Buffer.alloc(PAGE);
  page.writeBigUInt64LE(BigInt(transaction % 2), 0);
  page.writeUInt16LE(4, 8);
  const body = page.subarray(16);
  body.writeUInt32LE(0xed0cdaed, 0);
  body.writeUInt32LE(2, 4);
  body.writeUInt32LE(PAGE, 8);
  body.writeBigUInt64LE(BigInt(root), 16);
  body.writeBigUInt64LE(6n, 40);
  body.writeBigUInt64LE(BigInt(transaction), 48);
  body.writeBigUInt64LE(checksum(body.subarray(0, 56)), 56);
  return page;
}

function leaf(id: number, pairs: [key: string, value: string | Buffer, flags?: number][]): Buffer {
  const page = Buffer.alloc(PAGE);
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(2, 8);
  page.writeUInt16LE(pairs.length, 10);
  let at = 16 + pairs.length * 16;
  pairs.forEach(([key, value, flags = 0], i) => {
    const element = 16 + i * 16;
    page.writeUInt32LE(flags, element);
    page.writeUInt32LE(at - element, element + 4);
    page.writeUInt32LE(key.length, element + 8);
    page.writeUInt32LE(value.length, element + 12);
    page.write(key, at);
    page.set(Buffer.from(value), at + key.length);
    at += key.length + value.length;
  });
  return page;
}

function branch(id: number, children: number[]): Buffer {
  const page = Buffer.alloc(PAGE);
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(1, 8);
  page.writeUInt16LE(children.length, 10);
  children.forEach((child, i) => page.writeBigUInt64LE(BigInt(child), 16 + i * 16 + 8));
  return page;
}

/** The meta pages of the transactions 6 and 7, then pages 2 to 5. */
const pages = () => [
  meta(6, 3),
  meta(7, 4),
  Buffer.alloc(PAGE),
  leaf(3, [["old", "1"]]),
  branch(4, [5, 3]),
  leaf(5, [["new", "2"]]),
];

function read(...parts: Buffer[]): [string, string][] {
  const path = join(dir, crypto.randomUUID());
  writeFileSync(path, Buffer.concat(parts));
  using file = new BoltFile(path);
  return [...file.root.entries()].map(([key, value]) => [
    key,
    value instanceof Uint8Array ? Buffer.from(value).toString() : "a bucket",
  ]);
}

test("the newer meta page counts, and the older where the newer is damaged", () => {
  expect(read(...pages())).toEqual([
    ["new", "2"],
    ["old", "1"],
  ]);
  const [first, second, ...rest] = pages();
  second?.writeUInt8(1, 16 + 50);
  expect(read(first ?? Buffer.alloc(0), second ?? Buffer.alloc(0), ...rest)).toEqual([["old", "1"]]);
  const [a, b, ...others] = pages();
  a?.fill(0);
  expect(read(a ?? Buffer.alloc(0), b ?? Buffer.alloc(0), ...others).length).toBe(2);
});

test("buckets stand in their parent's page or in one of their own", () => {
  const header = Buffer.alloc(16);
  const inline = Buffer.concat([header, leaf(0, [["k", "v"]]).subarray(0, 16 + 16 + 2)]);
  const own = Buffer.alloc(16);
  own.writeBigUInt64LE(5n, 0);
  const path = join(dir, "buckets");
  const list = pages();
  list[3] = leaf(3, [
    ["inline", inline, 1],
    ["own", own, 1],
  ]);
  list[1] = meta(7, 3);
  writeFileSync(path, Buffer.concat(list));
  using file = new BoltFile(path);
  expect(Buffer.from(file.root.bucket("inline")?.value("k") ?? []).toString()).toBe("v");
  expect(Buffer.from(file.root.bucket("own")?.value("new") ?? []).toString()).toBe("2");
  expect(file.root.bucket("own", "none")).toBeUndefined();
  expect(file.root.value("own")).toBeUndefined();
});

test("what is no database, or a damaged one, is told so", () => {
  const damaged = (change: (list: Buffer[]) => void) => () => {
    const list = pages();
    change(list);
    read(...list);
  };
  expect(() => read(Buffer.from("hello"))).toThrow(/invalid database/);
  expect(() => read(Buffer.alloc(6 * PAGE))).toThrow(BoltError);
  expect(damaged((list) => list.splice(4))).toThrow(/there is no page 4/);
  expect(damaged((list) => list[4]?.writeBigUInt64LE(4n, 24))).toThrow(/leads to itself/);
  expect(damaged((list) => list[4]?.writeBigUInt64LE(9n, 24))).toThrow(/there is no page 9/);
  expect(damaged((list) => list[5]?.writeUInt16LE(16, 8))).toThrow(/neither branch nor leaf/);
  expect(damaged((list) => list[5]?.writeBigUInt64LE(7n, 0))).toThrow(/says that it is another/);
  expect(damaged((list) => list[5]?.writeUInt16LE(9999, 10))).toThrow(/element/);
  expect(damaged((list) => list[5]?.writeUInt32LE(0xffffff, 28))).toThrow(/beyond its page/);
  expect(damaged((list) => list[5]?.writeUInt32LE(8, 12))).toThrow(/beyond the end/);
  // A circle of several pages.
  expect(damaged((list) => (list[5] = branch(5, [4])))).toThrow(/too deep/);
});
