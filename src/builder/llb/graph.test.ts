import { expect, test } from "bun:test";
import { Op, OpMetadata } from "../../api/buildkit/llb.ts";
import { atOnce } from "../../lib/breath.ts";
import { decode, encode, type Input } from "../../lib/protobuf.ts";
import { digestOf } from "../../oci/digest.ts";
import { readGraph } from "./graph.ts";

const bytesOf = (op: Input<typeof Op>) => encode(Op, op);
const metadataOf = (value: Input<typeof OpMetadata>) => decode(OpMetadata, encode(OpMetadata, value));
const source = (identifier: string) => bytesOf({ source: { identifier } });
const wanting = (op: Uint8Array, index = 0) => bytesOf({ inputs: [{ digest: digestOf(op), index }] });
const read = (operations: Uint8Array[], metadata = new Map()) =>
  atOnce(readGraph({ operations, metadata, source: undefined }));

test("vertices stand behind those that they need, each once", () => {
  const [a, b] = [source("local://a"), source("local://b")];
  const merged = bytesOf({
    inputs: [a, b, a].map((op) => ({ digest: digestOf(op) })),
    merge: { inputs: [{ input: 0 }, { input: 1 }, { input: 2 }] },
  });
  const graph = read([wanting(merged), merged, b, a].toReversed());
  expect(graph?.vertices.map(({ name }) => name)).toEqual([
    "local://a",
    "local://b",
    "merge (local://a, local://b, local://a)",
  ]);
  expect(graph?.target.vertex.inputs.map(({ vertex }) => vertex.name)).toEqual(["local://a", "local://b", "local://a"]);
});

test("a definition of nothing asks for nothing", () => {
  expect(read([])).toBeUndefined();
});

test("what the result does not need is left out", () => {
  const [a, b] = [source("local://a"), source("local://b")];
  expect(read([b, a, wanting(a)])?.vertices.map(({ name }) => name)).toEqual(["local://a"]);
});

test("a chain of thousands of operations is read", () => {
  const operations = [source("local://a")];
  for (let number = 0; number < 5_000; number++) {
    const last = operations.at(-1) ?? new Uint8Array();
    operations.push(
      bytesOf({ inputs: [{ digest: digestOf(last) }], file: { actions: [{ makeFile: { path: `/${number}` } }] } }),
    );
  }
  const last = operations.at(-1) ?? new Uint8Array();
  expect(read([...operations, wanting(last)])?.vertices).toHaveLength(5_001);
});

test("names of merges of merges stay short", () => {
  const operations = [source("local://a")];
  for (let depth = 0; depth < 40; depth++) {
    const input = { digest: digestOf(operations.at(-1) ?? new Uint8Array()) };
    operations.push(bytesOf({ inputs: [input, input], merge: { inputs: [{ input: 0 }, { input: 1 }] } }));
  }
  const graph = read([...operations, wanting(operations.at(-1) ?? new Uint8Array())]);
  expect(Math.max(...(graph?.vertices ?? []).map(({ name }) => name.length))).toBeLessThan(2100);
});

test("descriptions give names", () => {
  const a = source("local://a");
  const metadata = new Map([[digestOf(a), metadataOf({ description: new Map([["llb.customname", "mine"]]) })]]);
  expect(read([a, wanting(a)], metadata)?.target.vertex.name).toBe("mine");
});

test("what cannot be meant is told", () => {
  const a = source("local://a");
  const missing = bytesOf({ inputs: [{ digest: `sha256:${"0".repeat(64)}` }], merge: { inputs: [{ input: 0 }] } });
  const both = bytesOf({ source: { identifier: "local://a" }, merge: {} });
  const none = bytesOf({ platform: { os: "linux" } });
  const needs = (cap: string) => new Map([[digestOf(a), metadataOf({ caps: new Map([[cap, true]]) })]]);
  expect(() => read([missing, wanting(missing)])).toThrow(/missing operation sha256:0000/);
  expect(() => read([a])).toThrow(/its last operation is not the one that names the result/);
  expect(() => read([both, wanting(both)])).toThrow(/of a kind that is not known/);
  expect(() => read([none, wanting(none)])).toThrow(/of a kind that is not known/);
  expect(() => read([a, wanting(a, -1)])).toThrow(/there is no output -1/);
  expect(() => read([new Uint8Array([0x1a, 0xff]), wanting(a)])).toThrow(/operation 0 cannot be read/);
  expect(() => read([a, wanting(a)], needs("time.travel"))).toThrow(/"time.travel" is not supported/);
});
