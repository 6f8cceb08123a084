import { expect, test } from "bun:test";
import { GoTime } from "./time.ts";

test("RFC 3339 in, Go's text out", () => {
  expect(String(GoTime.parse("2024-01-02T03:04:05.123456789Z"))).toBe("2024-01-02 03:04:05.123456789 +0000 UTC");
  expect(String(GoTime.parse("2024-01-02T03:04:05.5+05:30"))).toBe("2024-01-02 03:04:05.5 +0530 +0530");
  expect(String(GoTime.zero)).toBe("0001-01-01 00:00:00 +0000 UTC");
  expect(GoTime.parse("0001-01-01T00:00:00Z")?.isZero).toBe(true);
  expect(GoTime.parse("yesterday")).toBeNull();
});

test("layouts", () => {
  const time = GoTime.parse("2024-01-02T15:04:05.120Z");
  expect(time?.format("Mon Jan _2 15:04:05.000000000 2006 MST -07:00 3:04PM 06/1/2 .999")).toBe(
    "Tue Jan  2 15:04:05.120000000 2024 UTC +00:00 3:04PM 24/1/2 .12",
  );
  expect(time?.toJSON()).toBe("2024-01-02T15:04:05.12Z");
});
