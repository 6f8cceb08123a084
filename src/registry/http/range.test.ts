import { expect, test } from "bun:test";
import { matchesEtag, parseContentRange, parseRange } from "./range.ts";

test.each([
  ["bytes=0-9", { start: 0, end: 9 }],
  ["bytes=90-", { start: 90, end: 99 }],
  ["bytes=-10", { start: 90, end: 99 }],
  ["bytes=-1000", { start: 0, end: 99 }],
  ["bytes=99-500", { start: 99, end: 99 }],
  ["bytes=5-4", undefined],
  ["bytes=0-1,3-4", undefined],
  ["bytes=-", undefined],
  ["items=0-1", undefined],
  [null, undefined],
])("range %s of 100 bytes", (header, expected) => expect(parseRange(header, 100)).toEqual(expected));

test("ranges of which nothing exists", () => {
  for (const header of ["bytes=100-", "bytes=100-200", "bytes=-0"])
    expect(() => parseRange(header, 100)).toThrow("outside");
  expect(() => parseRange("bytes=0-", 0)).toThrow("outside");
});

test("chunks' ranges", () => {
  for (const header of ["0-9", "bytes 0-9/*", "bytes=0-9", "bytes 0-9/10"])
    expect(parseContentRange(header)).toEqual({ start: 0, end: 9 });
  expect(parseContentRange(null)).toBeUndefined();
  for (const header of ["", "9-0", "a-b", "0", "-5"]) expect(() => parseContentRange(header)).toThrow();
});

test("entity tags", () => {
  expect(['"x"', 'W/"x"', '"a", "x"', "*", "x"].map((header) => matchesEtag(header, "x"))).toEqual([
    true,
    true,
    true,
    true,
    true,
  ]);
  expect(['"y"', "", null].map((header) => matchesEtag(header, "x"))).toEqual([false, false, false]);
});
