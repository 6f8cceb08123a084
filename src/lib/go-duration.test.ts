import { expect, test } from "bun:test";
import { formatGoDuration, parseGoDuration } from "./go-duration.ts";

test.each([
  ["0", 0n],
  ["1s", 1_000_000_000n],
  ["1m30s", 90_000_000_000n],
  ["1.5h", 5_400_000_000_000n],
  ["-2ms", -2_000_000n],
  [".5s", 500_000_000n],
  ["1h2m3.000000004s", 3_723_000_000_004n],
  ["3us", 3_000n],
  ["3µs", 3_000n],
])("%s is %p ns", (text, nanoseconds) => expect(parseGoDuration(text)).toBe(nanoseconds));

test.each(["", "5", "s", "1x", "1s ", "1.s.", "--1s", "1h-2m"])("%p is none", (text) =>
  expect(parseGoDuration(text)).toBeNull(),
);

test.each([
  [0n, "0s"],
  [1n, "1ns"],
  [1_500n, "1.5µs"],
  [300_000_000n, "300ms"],
  [90_000_000_000n, "1m30s"],
  [7_200_000_000_000n, "2h0m0s"],
  [-1_500_000_000n, "-1.5s"],
])("%p is written %s", (nanoseconds, text) => expect(formatGoDuration(nanoseconds)).toBe(text));
