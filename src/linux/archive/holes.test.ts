import { expect, test } from "bun:test";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HoleWriter, nextData } from "./holes.ts";

test("zeros become holes wherever the pieces of a file begin and end", () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-holes-"));
  try {
    const content = Buffer.alloc(1_000_003);
    for (const [at, end] of [
      [0, 5],
      [5000, 5001],
      [99_999, 120_000],
      [300_000, 300_001],
      [300_002, 300_100],
      [700_000, 700_017],
    ] as const)
      content.fill(7, at, end);
    for (const size of [content.length, 65_536, 65_535, 16_000, 4096, 1000, 37]) {
      const fd = openSync(join(dir, String(size)), "w+");
      const writer = new HoleWriter(fd);
      let written = 0;
      for (let at = 0; at < content.length; at += size) written += writer.write(content.subarray(at, at + size), at);
      ftruncateSync(fd, content.length);
      expect(readFileSync(join(dir, String(size))).equals(content)).toBe(true);
      expect(written).toBeLessThan(400_000);
      expect(statSync(join(dir, String(size))).blocks * 512).toBeLessThan(500_000);
      closeSync(fd);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a gap between two pieces is a hole, and what lies beside it is told apart", () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-holes-"));
  const fd = openSync(join(dir, "f"), "w+");
  try {
    const writer = new HoleWriter(fd);
    writer.write(Buffer.from("front"), 0);
    writer.write(Buffer.alloc(100), 5);
    writer.write(Buffer.from("end"), 10_000_000);
    expect(readFileSync(join(dir, "f")).subarray(10_000_000).toString()).toBe("end");
    const [first, second] = [nextData(fd, 0, 10_000_003), nextData(fd, 1_000_000, 10_000_003)];
    expect(first?.[0]).toBe(0);
    expect(first?.[1]).toBeLessThan(1_000_000);
    expect(second?.[0]).toBeGreaterThan(9_000_000);
    expect(second?.[1]).toBe(10_000_003);
    expect(nextData(fd, 10_000_003, 10_000_003)).toBeNull();
  } finally {
    closeSync(fd);
    rmSync(dir, { recursive: true });
  }
});
