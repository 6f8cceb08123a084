import { expect, test } from "bun:test";
import { isOwnFrontend, syntaxOf } from "./syntax.ts";

test("a file's first lines say who is to read it", () => {
  expect(syntaxOf("# syntax=me/mine:1 --fast\nwhatever")).toBe("me/mine:1 --fast");
  expect(syntaxOf("\uFEFF#escape=`\r\n#  SYNTAX = me/mine\r\nFROM x")).toBe("me/mine");
  expect(syntaxOf("FROM x\n# syntax=me/mine")).toBeUndefined();
  expect(syntaxOf("# a comment\n# syntax=me/mine")).toBeUndefined();
  expect(syntaxOf("#!/usr/bin/env x\n# syntax=me/mine\n")).toBe("me/mine");
  expect(() => syntaxOf("# syntax=a\n# syntax=b\n")).toThrow(/only one syntax parser directive/);
});

test("images of Docker's own frontend stand for this builder", () => {
  const own = ["docker/dockerfile", "docker.io/docker/dockerfile:1.7", "docker/dockerfile-upstream:master@sha256:0"];
  expect(own.map(isOwnFrontend)).toEqual([true, true, true]);
  expect(["docker/dockerfiles", "me/docker/dockerfile", "ghcr.io/docker/dockerfile"].map(isOwnFrontend)).toEqual([
    false,
    false,
    false,
  ]);
});
