import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { baseName, goFileMode, realPathInRoot, statInRoot } from "./container-path.ts";

let root = "";
beforeAll(() => {
  root = mkdtempSync(`${tmpdir()}/container-path-`);
  mkdirSync(`${root}/etc/app`, { recursive: true });
  writeFileSync(`${root}/etc/app/file`, "12345");
  symlinkSync("/etc/app", `${root}/conf`);
  symlinkSync("../../../../etc/passwd", `${root}/etc/escape`);
  symlinkSync("nowhere/at/all", `${root}/etc/broken`);
});
afterAll(() => rmSync(root, { recursive: true }));

test("links are followed inside the root only", () => {
  expect(realPathInRoot(root, "/conf/file")).toBe("etc/app/file");
  expect(realPathInRoot(root, "/")).toBe("");
  expect(realPathInRoot(root, "../../conf/.")).toBe("etc/app");
  expect(statInRoot(root, "/etc/escape/")).toBeUndefined();
});

test("a link at the end is told of, and followed with a slash or a dot", () => {
  expect(statInRoot(root, "/conf")).toMatchObject({ linkTarget: "/etc/app" });
  expect((statInRoot(root, "/conf")?.stat.mode ?? 0) & 0o170000).toBe(0o120000);
  expect((statInRoot(root, "/conf/")?.stat.mode ?? 0) & 0o170000).toBe(0o040000);
  expect(statInRoot(root, "/conf/file")?.stat.size).toBe(5);
  expect(statInRoot(root, "/etc/escape")?.linkTarget).toBe("/etc/passwd");
  expect(statInRoot(root, "/etc/broken")?.linkTarget).toBe("/etc/nowhere/at/all");
  expect(statInRoot(root, "/none")).toBeUndefined();
});

test("names and modes as Go has them", () => {
  expect(["/", "/a/", "/a/b", "/a/.", "x", "./", "/./", "/a/b/..", "a/../b//", "/.."].map(baseName)).toEqual([
    "/",
    "a",
    "b",
    ".",
    "x",
    ".",
    ".",
    "a",
    "b",
    "/",
  ]);
  expect(goFileMode(0o040755)).toBe(2147484141);
  expect(goFileMode(0o120777)).toBe(134218239);
  expect(goFileMode(0o104755)).toBe(8389101);
  expect(goFileMode(0o100644)).toBe(420);
});
