import { describe, expect, test } from "bun:test";
import { Filters, parseFilters } from "./filters.ts";

describe("parseFilters", () => {
  test("reads both encodings", () => {
    for (const text of [
      '{"label":["a","b=1"],"dangling":["true"]}',
      '{"label":{"a":true,"b=1":true},"dangling":{"true":true}}',
    ]) {
      const filters = parseFilters(text);
      expect(filters.get("label")).toEqual(["a", "b=1"]);
      expect(filters.matchBool("dangling", false)).toBe(true);
    }
  });
  test("nothing is no filter", () => {
    for (const text of [undefined, null, "", "{}", "null"]) expect(parseFilters(text).size).toBe(0);
  });
  test.each(["{", "[]", '"x"', "1", '{"a":1}', '{"a":["b",1]}', '{"a":{"b":"c"}}'])("refuses %p", (text) => {
    expect(() => parseFilters(text)).toThrow("invalid filter");
  });
  test.each(['{"a":["x"],"b":{"y":true}}', '{"a":["x"],"b":true}'])("refuses both encodings in one: %p", (text) => {
    expect(() => parseFilters(text)).toThrow("invalid filter");
  });
  test("null is the empty text of a list, and false in a map", () => {
    expect(parseFilters('{"a":["x",null],"b":null}').get("a")).toEqual(["x", ""]);
    expect(parseFilters('{"a":{"x":null}}').matchExact("a", "x")).toBe(false);
    expect(parseFilters('{"a":null}').has("a")).toBe(true);
  });
  test("a value that says false is there, and equals nothing", async () => {
    const filters = parseFilters(
      '{"a":{"x+":false,"y":true},"label":{"l":false},"yes":{"true":true,"false":false},"no":{"true":false}}',
    );
    expect(filters.matchExact("a", "x+")).toBe(false);
    expect(filters.matchPrefix("a", "x+1")).toBe(true);
    const matches = await filters.matcher("a");
    expect(["x+", "xx", "y", "z"].map(matches)).toEqual([true, true, true, false]);
    expect(filters.matchLabels({})).toBe(false);
    expect(filters.matchBool("yes", false)).toBe(true);
    expect(() => filters.matchBool("no", true)).toThrow("invalid filter 'no=[true]'");
  });
});

describe("matching", () => {
  const filters = new Filters([
    ["label", ["a", "b=1"]],
    ["name", ["^web"]],
    ["id", ["abc"]],
    ["bad", ["maybe"]],
    ["both", ["0", "true"]],
    ["regexp", ["("]],
  ]);
  test("labels: all of them", () => {
    expect(filters.matchLabels({ a: "", b: "1" })).toBe(true);
    expect(filters.matchLabels({ a: "" })).toBe(false);
    expect(filters.matchLabels({ a: "", b: "2" })).toBe(false);
    expect(filters.matchLabels(null)).toBe(false);
    expect(new Filters([["label", ["constructor"]]]).matchLabels({})).toBe(false);
    expect(new Filters().matchLabels(null)).toBe(true);
  });
  test("label! excludes what has them all", () => {
    expect(new Filters([["label!", ["keep"]]]).matchPruneLabels({ keep: "" })).toBe(false);
    expect(new Filters([["label!", ["keep"]]]).matchPruneLabels({})).toBe(true);
  });
  test("patterns, prefixes, exact", async () => {
    expect(["web1", "my-web"].map(await filters.matcher("name"))).toEqual([true, false]);
    // No regular expression: it can only be equal.
    expect(["x", "("].map(await filters.matcher("regexp"))).toEqual([false, true]);
    expect(["x"].map(await filters.matcher("absent"))).toEqual([true]);
    expect(filters.matchPrefix("id", "abcdef")).toBe(true);
    expect(filters.matchExact("id", "abcdef")).toBe(false);
    expect(filters.matchExact("absent", "x")).toBe(true);
  });
  test("truth values", () => {
    expect(filters.matchBool("absent", true)).toBe(true);
    expect(() => filters.matchBool("bad", true)).toThrow("invalid filter 'bad=[maybe]'");
    expect(() => filters.matchBool("both", true)).toThrow("invalid filter 'both=[0 true]'");
    expect(() => new Filters([["none", []]]).matchBool("none", true)).toThrow("invalid filter 'none'");
  });
  test("keys", () => {
    expect(() => filters.validate(["label", "name"])).toThrow("invalid filter 'id'");
    expect(() => filters.validate(["label", "name", "id", "bad", "both", "regexp"])).not.toThrow();
    expect(() => new Filters([["", ["x"]]]).validate(["a"])).toThrow(/^invalid filter$/);
    expect(filters.with("id", ["other"]).get("id")).toEqual(["other"]);
  });
});
