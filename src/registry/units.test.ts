import { expect, test } from "bun:test";
import { parseDuration, parseSize } from "./units.ts";

test("sizes", () => {
  expect(["0", "512", "1kB", "1KiB", "1.5MB", "10 GB", "2TiB", "3m"].map(parseSize)).toEqual([
    0,
    512,
    1000,
    1024,
    1_500_000,
    10_000_000_000,
    2 * 1024 ** 4,
    3 * 1024 ** 2,
  ]);
  for (const text of ["", "x", "-1", "1XB", "1e9", "constructor", "1 constructor"])
    expect(() => parseSize(text)).toThrow("is no size");
});

test("durations", () => {
  expect(["250ms", "90s", "1h30m", "7d", "2w", "0s"].map(parseDuration)).toEqual([
    250, 90_000, 5_400_000, 604_800_000, 1_209_600_000, 0,
  ]);
  for (const text of ["", "1", "x", "-1s", "1s x", "1y"]) expect(() => parseDuration(text)).toThrow("is no duration");
});
