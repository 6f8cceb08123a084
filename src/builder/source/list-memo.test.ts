import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ListMemo } from "./list-memo.ts";

const root = mkdtempSync("/tmp/berth-memo-");
afterAll(() => rmSync(root, { recursive: true }));

test("digests of a list are there again when the very same list comes another time", () => {
  const file = join(root, "same/lists.json");
  const first = ListMemo.open(file);
  const before = first.of("a");
  expect(before.seen).toBe(false);
  before.set("COPY", "1");
  first.close();
  const second = ListMemo.open(file);
  const [same, other] = [second.of("a"), second.of("b")];
  expect([same.seen, same.get("COPY"), same.get("ADD")]).toEqual([true, "1", undefined]);
  expect([other.seen, other.get("COPY")]).toEqual([false, undefined]);
  second.close();
  expect(readdirSync(join(root, "same"))).toEqual(["lists.json"]);
});

test("only the newest lists are kept", () => {
  const file = join(root, "many/lists.json");
  const memo = ListMemo.open(file);
  for (let list = 0; list < 20; list++) memo.of(`${list}`).set("COPY", `${list}`);
  memo.of("13").set("COPY", "again");
  memo.close();
  const kept = ListMemo.open(file);
  const seen = Array.from({ length: 20 }, (_, list) => list).filter((list) => kept.of(`${list}`).seen);
  expect(seen).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
  expect(kept.of("13").get("COPY")).toBe("again");
});

test.each(["", "{}", "[1]", '[["a"]]', '[["a", [["k", 7]]]]', '["a", "b"]'])("a broken file (%p) is none", (text) => {
  const file = join(root, "broken.json");
  writeFileSync(file, text);
  expect(ListMemo.open(file).of("a").get("k")).toBeUndefined();
});
