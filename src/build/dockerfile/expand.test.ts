import { expect, test } from "bun:test";
import { expand, expandWords } from "./expand.ts";

const variables: Record<string, string> = { foo: "bar", empty: "", path: "/a/b/c.tar.gz", words: "one two", greek: "ab*c" };
const options = { escape: "\\", lookup: (name: string) => variables[name] };

test.each([
  ["$foo", "bar"], ["${foo}", "bar"], ["x${foo}y", "xbary"], ["$nope", ""], ["\\$foo", "$foo"], ["'$foo'", "$foo"], ['"$foo"', "bar"],
  ['"\\$foo"', "$foo"], ['"\\a"', "\\a"], ["a\\ b", "a b"], ["$", "$"], ["$$", "$$"], ["$foo$foo", "barbar"], ["${foo}_x", "bar_x"], ["$foo_x", ""],
  ["${empty:-x}", "x"], ["${empty-x}", ""], ["${nope-x}", "x"], ["${nope:-${foo}}", "bar"], ["${nope:-$foo/x}", "bar/x"], ["${foo:+y}", "y"], ["${empty:+y}", ""], ["${empty+y}", "y"],
  ["${path#*/}", "a/b/c.tar.gz"], ["${path##*/}", "c.tar.gz"], ["${path%.*}", "/a/b/c.tar"], ["${path%%.*}", "/a/b/c"],
  ["${path/b/X}", "/a/X/c.tar.gz"], ["${path//[a-z]/X}", "/a/b/c.tar.gz"], ["${path//\\//_}", "_a_b_c.tar.gz"], ["${greek/\\*/-}", "ab-c"], ["${foo/?/q}", "qar"],
])("%s expands to %s", (text, expected) => {
  expect(expand(text, options)).toBe(expected);
});

test.each([
  ["${foo", "missing closing brace"], ["${foo:?}x${nope:?must be set}", "nope: must be set"], ["${nope?}", "nope: not allowed to be unset"],
  ["${foo:x}", "unsupported modifier"], ["'abc", "single-quote"], ['"abc', "double-quote"], ["${}", "syntax error"],
])("%s is refused: %s", (text, reason) => {
  expect(() => expand(text, options)).toThrow(reason);
});

test("words are cut at white space, also inside a variable, but not in quotes", () => {
  expect(expandWords("$words 'a b' \"$words\" x$foo", options)).toEqual(["one", "two", "a b", "one two", "xbar"]);
  expect(expandWords("$empty", options)).toEqual([]);
  expect(expandWords('""', options)).toEqual([""]);
});

test("unset variables are told of", () => {
  const told: string[] = [];
  expand("$a ${b:-x} $foo", { ...options, unset: (name) => told.push(name) });
  expect(told).toEqual(["a"]);
});
