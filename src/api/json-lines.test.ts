import { expect, test } from "bun:test";
import { decodeJsonLines, encodeJsonLine } from "./json-lines.ts";

async function* cut(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([1, 3, 1000])("reads what was written, in pieces of %d", async (size) => {
  const values = [{ a: "é\n" }, [1], "x", null];
  const wire = `${values.map(encodeJsonLine).join("")}\r\n\x1e{"b":2}\r\n{"c":3}`;
  expect(await Array.fromAsync(decodeJsonLines(cut(wire, size)))).toEqual([...values, { b: 2 }, { c: 3 }]);
});

test("bounds a line and refuses what is no JSON", async () => {
  await expect(Array.fromAsync(decodeJsonLines(cut("x".repeat(100), 10), 50))).rejects.toThrow(RangeError);
  await expect(Array.fromAsync(decodeJsonLines(cut("{\n", 10)))).rejects.toThrow("unexpected EOF");
});
