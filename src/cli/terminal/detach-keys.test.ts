import { expect, test } from "bun:test";
import { DetachScanner, detachKeysInForce, parseDetachKeys } from "./detach-keys.ts";

test("key sequences", () => {
  expect(parseDetachKeys("ctrl-p,ctrl-q")).toEqual([16, 17]);
  expect(parseDetachKeys("a,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_")).toEqual([97, 0, 27, 28, 29, 30, 31]);
  expect(parseDetachKeys("Ctrl-A")).toEqual([1]);
  expect(() => parseDetachKeys("ctrl-1")).toThrow("Unknown character: 'ctrl-1'");
  expect(() => detachKeysInForce("foo", undefined)).toThrow("invalid detach keys (foo): Unknown character: 'foo'");
  expect(detachKeysInForce("", "ctrl-a").bytes).toEqual([1]);
  expect(detachKeysInForce("", undefined)).toEqual({ text: "", bytes: [16, 17] });
});

function scan(keys: string, ...chunks: string[]): [passed: string, detached: boolean] {
  const scanner = new DetachScanner(parseDetachKeys(keys));
  let passed = "";
  for (const chunk of chunks) {
    const { pass, detached } = scanner.push(new TextEncoder().encode(chunk));
    passed += new TextDecoder().decode(pass);
    if (detached) return [passed, true];
  }
  return [passed, false];
}

test("the sequence detaches, across chunks too", () => {
  expect(scan("ctrl-p,ctrl-q", "ab\x10\x11cd")).toEqual(["ab", true]);
  expect(scan("ctrl-p,ctrl-q", "ab\x10", "\x11cd")).toEqual(["ab", true]);
  expect(scan("x", "abxc")).toEqual(["ab", true]);
});

test("a start that goes no further is passed on", () => {
  expect(scan("ctrl-p,ctrl-q", "a\x10b")).toEqual(["a\x10b", false]);
  expect(scan("ctrl-p,ctrl-q", "\x10", "b")).toEqual(["\x10b", false]);
  expect(scan("ctrl-p,ctrl-q", "\x10\x10\x11")).toEqual(["\x10", true]);
  expect(scan("a,a,b", "aaab")).toEqual(["a", true]);
  expect(scan("a,a,b", "aac")).toEqual(["aac", false]);
});
