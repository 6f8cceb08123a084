import { describe, expect, test } from "bun:test";
import { Filters, parseFilters } from "./filters.ts";

describe("parseFilters", () => {
  test("reads both encodings", () => {
    for (const text of ['{"label":["a","b=1"],"dangling":["true"]}', '{"label":{"a":true,"b=1":true},"dangling":{"true":true}}']) {
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
  test("goes round", () => {
    const filters = parseFilters('{"a":["x","y"]}');
    expect(parseFilters(filters.toJson()).get("a")).toEqual(["x", "y"]);
  });
});

describe("matching", () => {
  const filters = new Filters([["label", ["a", "b=1"]], ["name", ["^web"]], ["id", ["abc"]], ["bad", ["maybe"]], ["both", ["0", "true"]], ["regexp", ["("]]]);
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
  test("patterns, prefixes, exact", () => {
    expect(filters.matchPattern("name", "web1")).toBe(true);
    expect(filters.matchPattern("name", "my-web")).toBe(false);
    expect(filters.matchPattern("regexp", "x")).toBe(false);
    expect(filters.matchPrefix("id", "abcdef")).toBe(true);
    expect(filters.matchExact("id", "abcdef")).toBe(false);
    expect(filters.matchExact("absent", "x")).toBe(true);
  });
  test("truth values", () => {
    expect(filters.matchBool("absent", true)).toBe(true);
    expect(() => filters.matchBool("bad", true)).toThrow("invalid filter 'bad=[maybe]'");
    expect(() => filters.matchBool("both", true)).toThrow("invalid filter 'both=[0 true]'");
  });
  test("keys", () => {
    expect(() => filters.validate(["label", "name"])).toThrow("invalid filter 'id'");
    expect(() => filters.validate(filters.keys())).not.toThrow();
  });
});
