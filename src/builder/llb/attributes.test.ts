import { expect, test } from "bun:test";
import { Attributes } from "./attributes.ts";

const attributes = (values: Record<string, string>) => new Attributes("x://y", new Map(Object.entries(values)));

test("an attribute that is not known is named", () => {
  const given = attributes({ "http.header.accept": "a", "http.perm": "0600" });
  expect(() => given.only(["http.perm", "http.header."])).not.toThrow();
  expect(() => given.only(["http.perm"])).toThrow('unknown attribute "http.header.accept" of the source x://y');
});

test("numbers come in Go's notations", () => {
  const given = attributes({ octal: "0644", newer: "0o17", hex: "0x1f", plain: "12", none: "", bad: "1a", less: "-1" });
  expect(["octal", "newer", "hex", "plain", "none"].map((name) => given.number(name))).toEqual([
    0o644,
    0o17,
    0x1f,
    12,
    undefined,
  ]);
  expect(() => given.number("bad")).toThrow(/invalid value "1a" of the attribute bad/);
  expect(() => given.number("less")).toThrow(/invalid value/);
});

test("lists are JSON", () => {
  const given = attributes({ list: '["a","b"]', nothing: "null", bad: "[1]", broken: "[" });
  expect(given.list("list")).toEqual(["a", "b"]);
  expect(given.list("nothing")).toEqual([]);
  expect(given.list("absent")).toEqual([]);
  expect(() => given.list("bad")).toThrow(/invalid value/);
  expect(() => given.list("broken")).toThrow(/invalid value/);
});
