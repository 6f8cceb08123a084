import { expect, test } from "bun:test";
import { formatPlatform, parsePlatform, platformJson } from "./platform.ts";

test("platforms are normalised", () => {
  const forms = [
    "linux/amd64",
    "linux/x86_64",
    "linux/arm64/v8",
    "linux/aarch64",
    "linux/armhf",
    "linux/arm",
    "linux/arm/6",
    "windows/amd64",
    "arm64",
    "Linux/AMD64",
  ];
  expect(forms.map((text) => formatPlatform(parsePlatform(text)))).toEqual([
    "linux/amd64",
    "linux/amd64",
    "linux/arm64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v7",
    "linux/arm/v6",
    "windows/amd64",
    "linux/arm64",
    "linux/amd64",
  ]);
});

test("what is no platform", () => {
  expect(() => parsePlatform("nope")).toThrow('"nope": unknown operating system or architecture: invalid argument');
  expect(() => parsePlatform("a/b/c/d")).toThrow('"a/b/c/d": cannot parse platform specifier: invalid argument');
  expect(() => parsePlatform("linux/")).toThrow('"" is an invalid component of "linux/"');
});

test("as parameters carry them", () => {
  expect(["arm64", "linux/arm", "Linux/x86_64"].map(platformJson)).toEqual([
    '{"os":"linux","architecture":"arm64"}',
    '{"os":"linux","architecture":"arm","variant":"v7"}',
    '{"os":"linux","architecture":"amd64"}',
  ]);
  expect(platformJson("linux")).toStartWith('{"os":"linux","architecture":');
  expect(platformJson("")).toBeUndefined();
});
