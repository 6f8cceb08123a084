import { expect, test } from "bun:test";
import { goMatch } from "./glob.ts";
import { compile } from "./ignore-patterns.ts";
import { wildcard } from "./wildcard.ts";

test.each([
  ["a/b", "a/b", true],
  ["a/?", "a/b", true],
  ["a?b", "a/b", false],
  ["*.ts", "x.ts", true],
  ["*.ts", "d/x.ts", false],
  ["**/*.ts", "x.ts", true],
  ["**/*.ts", "d/e/x.ts", true],
  ["**/x", "dx", false],
  ["d/**", "d/e/f", true],
  ["d/**", "d/", true],
  ["a**b", "a/x/b", true],
  ["[a-c]*[0-9]", "bx7", true],
  ["[!a]x", "ax", false],
  ["[!a]x", "bx", true],
  ["[]", "[]", true],
  ["[z-a]", "[z-a]", true],
  ["a[&&]b", "a&b", true],
  ["\\*x", "*x", true],
  ["*a*b*c*", "1a2b3c4", true],
  ["*a*b*c*", "1a2c3b4", false],
  ["**/a/**/b/**/c", "a/b/c", true],
  ["**/a/**/b/**/c", "x/a/y/z/b/c", true],
  ["**/a/**/b/**/c", "xa/b/c", false],
  ["**/a/**/b/**/c", "a/xb/c", false],
  ["*/*/*", "a/b/c", true],
  ["*/*/*", "a/b", false],
  ["*😀*😀*", "a😀😀", true],
])("%s and %s: %p", (pattern, path, matches) => {
  expect(compile(pattern).test(path)).toBe(matches);
});

test("with few wildcards or with many, the same matches", () => {
  const parts = ["star", { literal: "a" }, "folders", { one: "[b-d]" }, "deep"] as const;
  const more = ["star", "star", ...parts] as const;
  for (const text of ["a", "ab", "xab", "xa/b", "xay/z/d/e", "ay", "a/", "x/ab", "aab", "abab", ""]) {
    expect({ text, matches: wildcard(more).test(text) }).toEqual({
      text,
      matches: wildcard(parts.slice(0, -1).concat("deep")).test(text),
    });
  }
});

// Tried way by way, each of these would take longer than the universe has been there.
test("what almost matches is no work", () => {
  const name = "a".repeat(4000);
  expect(compile(`${"*a".repeat(30)}b`).test(name)).toBe(false);
  expect(compile(`${"**/a".repeat(30)}b`).test("a/".repeat(2000))).toBe(false);
  expect(goMatch(`${"*a".repeat(30)}b`, name)).toBe(false);
});
