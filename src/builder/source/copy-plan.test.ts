import { expect, test } from "bun:test";
import { tarEntry } from "../../lib/tar/entry.ts";
import { planAll } from "./copy-plan.ts";
import type { SourceTree } from "./tree.ts";

test("a tree of many files is planned with breaths", async () => {
  const names = Array.from({ length: 100_000 }, (_, at) => `f${at}`);
  const file = tarEntry({ name: "f", type: "file", mode: 0o644, mtime: 0 });
  const folder = tarEntry({ name: "", type: "directory", mode: 0o755, mtime: 0 });
  const tree: SourceTree = {
    entry: (path) => (path === "" ? folder : file),
    children: (path) => (path === "" ? names : []),
    async *read() {},
    digest: () => "",
  };
  let turns = 0;
  let over = false;
  const others = () => {
    if (!over) {
      turns++;
      setImmediate(others);
    }
  };
  setImmediate(others);
  const items = await planAll(tree);
  over = true;
  expect(items.filter(({ from }) => from !== undefined).length).toBe(100_000);
  expect(turns).toBeGreaterThan(1);
});
