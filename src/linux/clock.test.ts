import { expect, test } from "bun:test";
import { nowNano, timeNow } from "./clock.ts";

test("the wall clock to the nanosecond", () => {
  const before = BigInt(Date.now()) * 1_000_000n;
  const times = Array.from({ length: 200 }, nowNano);
  expect(times[0]).toBeGreaterThanOrEqual(before);
  expect(times.at(-1)).toBeLessThan(BigInt(Date.now() + 1) * 1_000_000n);
  expect(times.some((time) => time % 1000n !== 0n)).toBe(true);
  expect(timeNow()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
});
