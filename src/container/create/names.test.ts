import { expect, test } from "bun:test";
import { isValidName, randomName } from "./names.ts";

test("names that are made up are valid ones", () => {
  for (let i = 0; i < 200; i++) expect(randomName(i % 3)).toMatch(/^[a-z]+_[a-z]+\d?$/);
});

test("what may be a name", () => {
  expect(["a1", "web.1", "x-y_z"].every(isValidName)).toBe(true);
  expect(["", "a", "-a", "a b", "a/b", "ü2"].some(isValidName)).toBe(false);
});
