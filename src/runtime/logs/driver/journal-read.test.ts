import { expect, test } from "bun:test";
import { parseExport } from "./journal-read.ts";

const length = (bytes: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(bytes));
  return buffer;
};
const journal = Buffer.concat([
  Buffer.from("__CURSOR=s=1;i=2\nMESSAGE=one\nPRIORITY=6\n\nMESSAGE\n"),
  length(5),
  Buffer.from("a\n\n\xffb", "latin1"),
  Buffer.from("\nPRIORITY=3\n\nMESSAGE=\n\n"),
]);

test.each([1, 3, 7, 1000])("entries of the export format, in pieces of %d bytes", async (size) => {
  async function* pieces() {
    for (let at = 0; at < journal.length; at += size) yield journal.subarray(at, at + size);
  }
  const entries: Record<string, string>[] = [];
  for await (const entry of parseExport(pieces()))
    entries.push(Object.fromEntries([...entry].map(([name, value]) => [name, value.toString("latin1")])));
  expect(entries).toEqual([
    { __CURSOR: "s=1;i=2", MESSAGE: "one", PRIORITY: "6" },
    { MESSAGE: "a\n\n\xffb", PRIORITY: "3" },
    { MESSAGE: "" },
  ]);
});
