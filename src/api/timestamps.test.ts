import { describe, expect, test } from "bun:test";
import { formatRfc3339Nano } from "../lib/rfc3339.ts";
import { formatUnixTimestamp, parseRfc3339, parseTime, parseUnixTimestamp } from "./timestamps.ts";

describe("Unix time", () => {
  test.each([
    ["0", 0n],
    ["1136073600", 1136073600_000000000n],
    ["1136073600.000000001", 1136073600_000000001n],
    ["1136073600.1", 1136073600_100000000n],
    ["1136073600.0000000019", 1136073600_000000001n],
    ["-5", -5_000000000n],
    ["7.", 7_000000000n],
  ])("%s", (text, value) => expect(parseUnixTimestamp(text)).toBe(value));
  test("nothing is none", () => expect(parseUnixTimestamp("")).toBeNull());
  test.each(["x", "1.x", "1.-1", "2020-01-01", "1.000000000000000000000"])("%p is refused", (text) =>
    expect(() => parseUnixTimestamp(text)).toThrow("invalid timestamp"),
  );
  test("is written back", () => expect(formatUnixTimestamp(1136073600_000000001n)).toBe("1136073600.000000001"));
});

describe("what people write", () => {
  const reference = new Date("2024-02-29T12:00:00Z");
  const ns = (text: string) => BigInt(Date.parse(text)) * 1_000_000n;
  test.each([
    ["10m", ns("2024-02-29T11:50:00Z")],
    ["1h30m", ns("2024-02-29T10:30:00Z")],
    ["2006-01-02T15:04:05Z", ns("2006-01-02T15:04:05Z")],
    ["2006-01-02T15:04:05.000000007Z", ns("2006-01-02T15:04:05Z") + 7n],
    ["2006-01-02T15:04:05+02:00", ns("2006-01-02T13:04:05Z")],
    ["2006-01-02T15:04-01:30", ns("2006-01-02T16:34:00Z")],
    ["2006-01-02Z", ns("2006-01-02T00:00:00Z")],
    ["1136073600", 1136073600_000000000n],
    ["1136073600.5", 1136073600_500000000n],
    ["0", 0n],
  ])("%s", (text, value) => expect(parseTime(text, reference)).toBe(value));
  test("without a zone it is local", () =>
    expect(parseTime("2006-01-02T15:04:05")).toBe(BigInt(new Date(2006, 0, 2, 15, 4, 5).getTime()) * 1_000_000n));
  test.each(["", " ", "yesterday", "2006-13-01", "2006-02-30", "2006-01-02T25:00"])("%p is refused", (text) =>
    expect(() => parseTime(text, reference)).toThrow(),
  );
});

test("RFC 3339", () => {
  expect(formatRfc3339Nano(1136073600_000000000n)).toBe("2006-01-01T00:00:00Z");
  expect(formatRfc3339Nano(1136073600_120000001n)).toBe("2006-01-01T00:00:00.120000001Z");
  expect(parseRfc3339("2006-01-01T00:00:00.120000001Z")).toBe(1136073600_120000001n);
  expect(parseRfc3339("2006-01-01")).toBeNull();
});
