import { describe, expect, test } from "bun:test";
import { parseYaml } from "./yaml.ts";

describe("words and numbers are those of YAML 1.1", () => {
  test.each<[string, unknown]>([
    ["a: y", { a: true }],
    ["a: Yes # why not", { a: true }],
    ["- on\n- off\n- N\n", [true, false, false]],
    ["y: 1", { true: 1 }],
    ["a: 'y'", { a: "y" }],
    ['a: "0660"', { a: "0660" }],
    ["a: !!str 0660", { a: "0660" }],
    ["mode: 0660\nuid: 1_000\nhex: 0x1F\nbin: 0b11", { mode: 432, uid: 1000, hex: 31, bin: 3 }],
    ["a: -010", { a: -8 }],
    ["a: 08", { a: 8 }],
    ["a: 1.5", { a: 1.5 }],
    ["a: {b: y, c: [no, 010, 'no'], d: \"yes\"}", { a: { b: true, c: [false, 8, "no"], d: "yes" } }],
    ["a: yes sir", { a: "yes sir" }],
    ["a: FOO=y", { a: "FOO=y" }],
    ["a: x:y\nb: a#b", { a: "x:y", b: "a#b" }],
    ["a: |\n  yes\n  010\nb: yes", { a: "yes\n010\n", b: true }],
    ["- |\n yes\n\n no\n- no", ["yes\n\nno\n", false]],
    ["a: &x y\nb: *x", { a: true, b: true }],
    ["# y\n---\na: ~", { a: null }],
  ])("%j", (text, value) => {
    expect(parseYaml(text)).toEqual(value);
  });
});

test("JSON is indented by tabs as well, and its words are its own", () => {
  expect(parseYaml('{\n\t"a": "y",\n\t"b": [\n\t\t10\n\t]\n}\n')).toEqual({ a: "y", b: [10] });
});

test("what is no YAML is told", () => {
  expect(() => parseYaml("{ a: b\n c")).toThrow(/^yaml: /);
});
