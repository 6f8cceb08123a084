import { expect, test } from "bun:test";
import { readSplit, type SplitPart } from "./split.ts";

async function partsOf(...chunks: string[]): Promise<SplitPart[]> {
  async function* source() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const parts: SplitPart[] = [];
  for await (const some of readSplit(source())) parts.push(...some);
  return parts;
}

test("bytes and contents come in order, however the lines are cut", async () => {
  const text =
    `{"type":2,"payload":"aGVhZA==","position":0}\n{"type":1,"name":"./a","size":3,"payload":"x","position":1}\n\n` +
    `{"type":1,"name":"d/","payload":null,"position":2}\n{"type":1,"name_raw":"/2E=","size":1,"position":3}`;
  const wanted: SplitPart[] = [
    { kind: "bytes", bytes: Buffer.from("head") },
    { kind: "content", name: "./a", size: 3 },
    { kind: "content", name: "d/", size: 0 },
    { kind: "content", name: "\udcffa", size: 1 },
  ];
  expect(await partsOf(text)).toEqual(wanted);
  expect(await partsOf(...text)).toEqual(wanted);
});

test("a broken line is told", async () => {
  await expect(partsOf("{")).rejects.toThrow("no JSON");
  for (const line of [
    "null",
    "{}",
    '{"type":3}',
    '{"type":2}',
    '{"type":1,"name":"a","size":-1}',
    '{"type":1,"size":"1"}',
  ])
    await expect(partsOf(`${line}\n`)).rejects.toThrow("neither bytes nor content");
});
