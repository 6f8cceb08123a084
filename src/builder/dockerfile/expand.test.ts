import { expect, test } from "bun:test";
import { expand, expandWords } from "./expand.ts";

const variables: Record<string, string> = {
  foo: "bar",
  empty: "",
  path: "/a/b/c.tar.gz",
  words: "one two",
  greek: "ab*c",
};
const options = { escape: "\\", lookup: (name: string) => variables[name] };

test.each([
  ["$foo", "bar"],
  ["${foo}", "bar"],
  ["x${foo}y", "xbary"],
  ["$nope", ""],
  ["\\$foo", "$foo"],
  ["'$foo'", "$foo"],
  ['"$foo"', "bar"],
  ['"\\$foo"', "$foo"],
  ['"\\a"', "\\a"],
  ["a\\ b", "a b"],
  ["$", "$"],
  ["$$", ""],
  ["x$?y$!$-$999z", "xyz"],
  ["abc\\", "abc"],
  ["a$%", "a$%"],
  ["${?}${1}", ""],
  ["$foo$foo", "barbar"],
  ["${foo}_x", "bar_x"],
  ["$foo_x", ""],
  ["${empty:-x}", "x"],
  ["${empty-x}", ""],
  ["${nope-x}", "x"],
  ["${nope:-${foo}}", "bar"],
  ["${nope:-$foo/x}", "bar/x"],
  ["${foo:+y}", "y"],
  ["${empty:+y}", ""],
  ["${empty+y}", "y"],
  ["${path#*/}", "a/b/c.tar.gz"],
  ["${path##*/}", "c.tar.gz"],
  ["${path%.*}", "/a/b/c.tar"],
  ["${path%%.*}", "/a/b/c"],
  ["${path/b/X}", "/a/X/c.tar.gz"],
  ["${path//[a-z]/X}", "/a/b/c.tar.gz"],
  ["${path//\\//_}", "_a_b_c.tar.gz"],
  ["${greek/\\*/-}", "ab-c"],
  ["${foo/?/q}", "qar"],
])("%s expands to %s", (text, expected) => {
  expect(expand(text, options)).toBe(expected);
});

test.each([
  ["${foo", "missing '}'"],
  ["${foo:", "missing '}'"],
  ["${foo:?}x${nope:?must be set}", "nope: must be set"],
  ["${nope?}", "nope: is not allowed to be unset"],
  ["${empty:?}", "empty: is not allowed to be empty"],
  ["${foo:x}", "unsupported modifier"],
  ["'abc", "single-quote"],
  ['"abc', "double-quote"],
  ["${}", "bad substitution"],
  ["${{foo}}", "bad substitution"],
  ["${:x}", "bad substitution"],
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
  expect(told).toEqual(["a", "b"]);
});

test("values that double and double again come to an end", () => {
  let value = "x".repeat(1000);
  const twice = () => {
    for (let round = 0; round < 40; round++) value = expand('$a"$a"', { lookup: () => value, escape: "\\" });
  };
  expect(twice).toThrow("the value is longer than");
  expect(() => expand("${a//x/$a}", { lookup: () => "x".repeat(100_000), escape: "\\" })).toThrow(
    "the value is longer than",
  );
});

// Tried way by way, each of these would take longer than the universe has been there.
test("patterns that almost match cost their length", () => {
  const lookup = () => "a".repeat(2000);
  for (const trim of ["#", "##", "%", "%%"]) {
    const pattern = trim.startsWith("#") ? `${"*a".repeat(30)}b` : `b${"a*".repeat(30)}`;
    expect(expand(`\${v${trim}${pattern}}`, { lookup, escape: "\\" })).toBe(lookup());
  }
  expect(expand(`\${v/${"*a".repeat(30)}b/x}`, { lookup, escape: "\\" })).toBe(lookup());
  expect(expand(`\${v//${"?*a".repeat(30)}b/x}`, { lookup, escape: "\\" })).toBe(lookup());
});
