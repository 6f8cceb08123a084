import { expect, test } from "bun:test";
import { isTooDeep } from "./json-depth.ts";

const deep = 20_000;

test.each([
  ["[".repeat(deep), true],
  ['{"a":'.repeat(deep), true],
  [`["\\\\",${"[".repeat(deep)}`, true],
  ["[],".repeat(deep), false],
  [`["${"[".repeat(deep)}`, false],
  [`["${"[".repeat(deep)}"]`, false],
  [`["\\"${"[".repeat(deep)}"]`, false],
  ["[".repeat(9_000) + " ".repeat(deep) + "]".repeat(9_000), false],
  [" ".repeat(deep), false],
])("brackets are counted where they are brackets (%#)", (text, tooDeep) => {
  expect(isTooDeep(text)).toBe(tooDeep);
});
