import { expect, test } from "bun:test";
import { basePath, cleanPath, joinPath, splitPath } from "../paths.ts";
import { assertsDirectory, keepEnding, localPath, rebaseName, splitArgument, splitEntry } from "./paths.ts";
import { planCopy, renamed } from "./plan.ts";

test("arguments", () => {
  expect(splitArgument("c:/a:b")).toEqual({ container: "c", path: "/a:b" });
  expect(splitArgument("c:")).toEqual({ container: "c", path: "" });
  for (const local of ["/a:b", "./a:b", "../a:b", "file", "-"])
    expect(splitArgument(local)).toEqual({ container: "", path: local });
});

test("paths", () => {
  expect(["", ".", "/", "a//b/../c/.", "/../a", "../../a", "a/..", "/a/b/"].map(cleanPath)).toEqual([
    ".",
    ".",
    "/",
    "a/c",
    "/a",
    "../../a",
    ".",
    "/a/b",
  ]);
  expect([joinPath("/a", "../b"), joinPath("", "x"), joinPath()]).toEqual(["/b", "x", ""]);
  expect(["", "/", "/a/", "a/b"].map(basePath)).toEqual([".", "/", "a", "b"]);
  expect(splitPath("/a/b")).toEqual(["/a/", "b"]);
});

test("endings are kept", () => {
  expect([
    keepEnding("/a", "a/"),
    keepEnding("/a", "a/."),
    keepEnding("/", "/."),
    keepEnding("/a", "a"),
    keepEnding("/x", "."),
  ]).toEqual(["/a/", "/a/.", "/.", "/a", "/x/."]);
  expect([localPath("/w", "a/"), localPath("/w", "."), localPath("/w", "../b/.")]).toEqual(["/w/a/", "/w/.", "/b/."]);
  expect(["a", "a/", "a/.", ".", ".."].map(assertsDirectory)).toEqual([false, true, true, true, false]);
  expect([splitEntry("/a/b"), splitEntry("/a/b/"), splitEntry("/a/b/."), splitEntry("/")]).toEqual([
    ["/a", "b"],
    ["/a", "b"],
    ["/a/b", "."],
    ["/", "/"],
  ]);
  expect([rebaseName("/l", "/t"), rebaseName("/l/", "/t"), rebaseName("/l/.", "/t"), rebaseName("/x", "/y/x")]).toEqual(
    [
      { path: "/t", rename: "l" },
      { path: "/t/", rename: "l" },
      { path: "/t/.", rename: "" },
      { path: "/y/x", rename: "" },
    ],
  );
});

const file = { path: "/s/f", isDirectory: false, rename: "" };
const directory = { path: "/s/d", isDirectory: true, rename: "" };

test("what cp means", () => {
  const to = (path: string, exists: boolean, isDirectory = false) => ({ path, exists, isDirectory });
  expect(planCopy(file, to("/d", true, true))).toEqual({ directory: "/d", from: "f", to: "f" });
  expect(planCopy(file, to("/d/x", true))).toEqual({ directory: "/d", from: "f", to: "x" });
  expect(planCopy(file, to("/d/x", false))).toEqual({ directory: "/d", from: "f", to: "x" });
  expect(planCopy({ ...file, rename: "l" }, to("/d/x", false))).toEqual({ directory: "/d", from: "l", to: "x" });
  expect(planCopy(directory, to("/d/x", false))).toEqual({ directory: "/d", from: "d", to: "x" });
  expect(planCopy({ ...directory, path: "/s/d/." }, to("/d/x", false))).toEqual({
    directory: "/d",
    from: ".",
    to: "x",
  });
  expect(() => planCopy(directory, to("/d/x", true))).toThrow("cannot copy directory");
  expect(() => planCopy(file, to("/d/x/", false))).toThrow("no such directory");
});

test("names under a plan", () => {
  const plan = { from: "d", to: "x" };
  expect(["d", "d/a", "dd", "other/d"].map((name) => renamed(name, plan))).toEqual(["x", "x/a", "dd", "other/d"]);
  expect([".", "./a"].map((name) => renamed(name, { from: ".", to: "x" }))).toEqual(["x", "x/a"]);
  expect(renamed("/a", { from: "/", to: "x" })).toBe("x/a");
});
