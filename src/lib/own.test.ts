import { expect, test } from "bun:test";
import { own, setOwn } from "./own.ts";

const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];

test.each(names)("%s is a name like others", (name) => {
  const map: Record<string, string> = {};
  expect(own(map, name)).toBeUndefined();
  expect(setOwn(map, name, "x")).toBe("x");
  expect(own(map, name)).toBe("x");
  expect(JSON.stringify(map)).toBe(`{"${name}":"x"}`);
  expect(own({}, name)).toBeUndefined();
});

test("nothing has nothing", () => {
  expect(own(null, "a")).toBeUndefined();
  expect(own(undefined, "a")).toBeUndefined();
});
