import { expect, test } from "bun:test";
import { DetachScanner, defaultDetachKeys, parseDetachKeys } from "./detach-keys.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("sequences", () => {
  expect([...parseDetachKeys(defaultDetachKeys)]).toEqual([16, 17]);
  expect([...parseDetachKeys("a,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,ctrl-a")]).toEqual([
    97, 0, 27, 28, 29, 30, 31, 1,
  ]);
  for (const keys of ["ctrl-A", "é", "ctrl-ab", ""])
    expect(() => parseDetachKeys(keys)).toThrow(`Invalid detach keys (${keys}) provided`);
  expect(() => parseDetachKeys("ctrl-")).toThrow("Invalid detach keys (ctrl-) provided");
  expect(() => parseDetachKeys("shift-a")).toThrow("Invalid detach keys (shift-a) provided");
});

test("input without the sequence passes as it is", () => {
  const input = bytes("hello");
  expect(new DetachScanner(parseDetachKeys("ctrl-p,ctrl-q")).scan(input)).toEqual({ pass: input, detached: false });
});

test("the sequence is found across chunks and held back", () => {
  const scanner = new DetachScanner(parseDetachKeys("ctrl-p,ctrl-q"));
  expect(scanner.scan(bytes("ab\x10"))).toEqual({ pass: bytes("ab"), detached: false });
  expect(scanner.scan(bytes("\x11cd"))).toEqual({ pass: bytes(""), detached: true });
});

test("a false start comes through", () => {
  const scanner = new DetachScanner(parseDetachKeys("ctrl-p,ctrl-q"));
  expect(scanner.scan(bytes("\x10"))).toEqual({ pass: bytes(""), detached: false });
  expect(scanner.scan(bytes("x"))).toEqual({ pass: bytes("\x10x"), detached: false });
  expect(scanner.scan(bytes("\x10\x10\x11"))).toEqual({ pass: bytes("\x10"), detached: true });
});
