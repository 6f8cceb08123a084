import { expect, test } from "bun:test";
import { compress } from "./compress.ts";
import { decompress, detectPacking, sniffPacking } from "./decompress.ts";
import { errorMessage } from "./errors.ts";
import { goMatch } from "./glob.ts";

const noise = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i >> 7)) & 255));
/** More than one piece of either format, with something that compresses and something that does not. */
const content = Buffer.concat([noise, Buffer.alloc(6_000_000, "text "), noise]);

async function* pieces(bytes: Uint8Array, size = 65_537): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const all = async (stream: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(stream));

test.each(["gzip", "zstd"] as const)("%s: there and back, the same bytes each time", async (format) => {
  const packed = await all(compress(pieces(content), format));
  expect(detectPacking(packed)).toBe(format);
  expect(packed.length).toBeLessThan(content.length / 4);
  expect(await all(compress(pieces(content, 1000), format))).toEqual(packed);
  expect(content.equals(await all(decompress(pieces(packed), format)))).toBe(true);
  expect(await all(decompress(pieces(await all(compress([], format))), format))).toHaveLength(0);
  // Members and frames may follow one another.
  expect((await all(decompress(pieces(Buffer.concat([packed, packed])), format))).length).toBe(2 * content.length);
  for (const cut of [1, 4, 9, 1000]) {
    let failed = "";
    try {
      await all(decompress(pieces(packed.subarray(0, packed.length - cut), 999), format));
    } catch (error) {
      failed = errorMessage(error);
    }
    expect(failed).toContain("unexpected EOF");
  }
});

test("gzip of one go by another program", async () => {
  expect(content.equals(Bun.gunzipSync(new Uint8Array(await all(compress([content], "gzip", 1)))))).toBe(true);
  expect(content.equals(await all(decompress(pieces(Bun.gzipSync(content)), "gzip")))).toBe(true);
  expect(content.equals(await all(decompress(pieces(Bun.zstdCompressSync(content)), "zstd")))).toBe(true);
});

test("sniffing gives everything back", async () => {
  const { packing, stream } = await sniffPacking(pieces(Buffer.from("BZh9 and more"), 2));
  expect([packing, (await all(stream)).toString()]).toEqual(["bzip2", "BZh9 and more"]);
  expect((await sniffPacking(pieces(new Uint8Array(0)))).packing).toBe("none");
});

test.each([
  ["*", "busybox", true],
  ["*", "a/b", false],
  ["busy*", "busybox:latest", true],
  ["*/*", "a/b", true],
  ["b?x", "box", true],
  ["[a-c]x", "bx", true],
  ["[^a-c]x", "bx", false],
  ["[z-a]x", "bx", false],
  ["a\\*", "a*", true],
  ["a.c", "abc", false],
  ["[]a]", "a", undefined],
  ["[a", "a", undefined],
  ["[a-]", "a", undefined],
  ["a\\", "a", undefined],
])("pattern %s on %s", (pattern, text, expected) => {
  if (expected === undefined) expect(() => goMatch(pattern, text)).toThrow("syntax error in pattern");
  else expect(goMatch(pattern, text)).toBe(expected);
});
