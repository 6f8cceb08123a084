import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dropBytes, hashFile, writeStream } from "./write.ts";

const work = mkdtempSync("/tmp/berth-write-");
afterAll(() => rmSync(work, { recursive: true, force: true }));
const fresh = () => ({ hasher: new Bun.CryptoHasher("sha256"), offset: 0 });
const hash = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
async function* chunks(bytes: Uint8Array, size: number, failAt = Number.POSITIVE_INFINITY) {
  for (let at = 0; at < bytes.length; at += size) {
    if (at >= failAt) throw new Error("cut");
    yield bytes.subarray(at, at + size);
  }
}
const bytes = new Uint8Array(1_500_000).map((_, index) => (index * 31) % 251);

test("writes and hashes a stream, in odd pieces", async () => {
  const file = join(work, "whole");
  const state = fresh();
  expect(await writeStream(file, state, chunks(bytes, 7001), () => {})).toEqual({ offset: bytes.length });
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(state.hasher.digest("hex")).toBe(hash(bytes));
});

test("keeps what came before a break, and goes on from there", async () => {
  const file = join(work, "broken");
  const state = fresh();
  const first = await writeStream(file, state, chunks(bytes, 10_000, 700_000), () => {});
  expect(first.offset).toBe(700_000);
  expect(String(first.error)).toContain("cut");
  const again = await hashFile(file, "sha256", 700_000);
  await writeStream(file, again, chunks(bytes.subarray(700_000), 10_000), () => {});
  expect(again.hasher.digest("hex")).toBe(hash(bytes));
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test("cuts off what lies beyond its offset", async () => {
  const file = join(work, "longer");
  writeFileSync(file, "0123456789");
  await writeStream(file, { ...(await hashFile(file, "sha256", 4)) }, chunks(Buffer.from("ab"), 1), () => {});
  expect(readFileSync(file, "utf8")).toBe("0123ab");
});

test("stops where it is told to, and reports what can be read", async () => {
  const file = join(work, "limited");
  const seen: number[] = [];
  const refuse = (offset: number) => {
    if (offset > 1_000_000) throw new Error("too much");
  };
  await expect(
    writeStream(file, fresh(), chunks(bytes, 10_000), refuse, (written) => seen.push(written)),
  ).rejects.toThrow("too much");
  expect(readFileSync(file).length).toBeLessThanOrEqual(1_000_000);
  expect(seen.length).toBeGreaterThan(0);
});

test("drops what was written of a list of chunks", () => {
  const list = () => ["abc", "", "de", "f"].map((text) => Buffer.from(text));
  const rest = (count: number) =>
    dropBytes(list(), count)
      .map((chunk) => Buffer.from(chunk).toString())
      .join("|");
  expect([0, 1, 3, 4, 5, 6].map(rest)).toEqual(["abc||de|f", "bc||de|f", "de|f", "e|f", "f", ""]);
});
