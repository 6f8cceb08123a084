import { expect, test } from "bun:test";
import { textAround } from "./text-around.ts";

test("a short text is whole, of a long one the lines about the place stand where they stood", () => {
  expect(textAround("a\nb\n", { start: 1, end: 1 })).toBe("a\nb\n");
  const text = Array.from({ length: 3000 }, (_, at) => `line ${at + 1}`).join("\n");
  const shown = textAround(text, { start: 2000, end: 2001 }).split("\n");
  expect(shown.slice(1980)).toEqual(Array.from({ length: 41 }, (_, at) => `line ${at + 1981}`));
  expect(shown.slice(0, 1980).join("")).toBe("");
  expect(shown.length).toBe(2021);
});

test("what does not fit is left out", () => {
  expect(textAround(`FROM x\n# ${"x".repeat(1 << 20)}`, { start: 1, end: 1 })).toBe("");
  expect(textAround("\n".repeat(1 << 20), { start: 1 << 19, end: 1 << 19 })).toBe("");
});
