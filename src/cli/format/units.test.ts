import { expect, test } from "bun:test";
import { bytesSize, humanDuration, humanSize } from "./units.ts";

test("sizes in powers of 1000", () => {
  expect([0, 999, 1000, 1234, 12345, 999999, 1048576, 1.5e9, 3.2e15].map((n) => humanSize(n))).toEqual([
    "0B",
    "999B",
    "1kB",
    "1.234kB",
    "12.35kB",
    "1000kB",
    "1.049MB",
    "1.5GB",
    "3.2PB",
  ]);
  expect([999999, 100e6, 12345].map((n) => humanSize(n, 3))).toEqual(["1e+03kB", "100MB", "12.3kB"]);
});

test("sizes in powers of 1024", () => {
  expect([0, 1000, 1024, 2087190528, 1024 ** 4].map(bytesSize)).toEqual(["0B", "1000B", "1KiB", "1.944GiB", "1TiB"]);
});

test("durations", () => {
  const s = 1000,
    m = 60 * s,
    h = 60 * m,
    d = 24 * h;
  expect(
    [
      0,
      1.5 * s,
      59 * s,
      61 * s,
      2 * m,
      45 * m,
      70 * m,
      47 * h,
      3 * d,
      13.4 * d,
      15 * d,
      59 * d,
      61 * d,
      729 * d,
      800 * d,
    ].map(humanDuration),
  ).toEqual([
    "Less than a second",
    "1 second",
    "59 seconds",
    "About a minute",
    "2 minutes",
    "45 minutes",
    "About an hour",
    "47 hours",
    "3 days",
    "13 days",
    "2 weeks",
    "8 weeks",
    "2 months",
    "24 months",
    "2 years",
  ]);
});
