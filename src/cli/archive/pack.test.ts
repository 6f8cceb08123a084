import { afterEach, beforeEach, expect, test } from "bun:test";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { TarEntry } from "../../lib/tar/entry.ts";
import { TarReader } from "../../lib/tar/reader.ts";
import type { ListOptions } from "./list.ts";
import { packDirectory } from "./pack.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync("/tmp/berth-pack-");
});
afterEach(() => rmSync(root, { recursive: true }));

async function packed(options?: ListOptions): Promise<{ entry: TarEntry; content: string }[]> {
  const found: { entry: TarEntry; content: string }[] = [];
  let content = "";
  const reader = new TarReader({
    entry: () => void (content = ""),
    data: (chunk) => void (content += Buffer.from(chunk).toString()),
    end: (entry) => void found.push({ entry, content }),
  });
  for await (const chunk of packDirectory(root, options)) reader.write(chunk);
  reader.end();
  expect(reader.ended).toBe(true);
  return found;
}

test("files, folders, links in order; hard links once", async () => {
  mkdirSync(`${root}/d`);
  writeFileSync(`${root}/d/big`, "x".repeat(600_000));
  writeFileSync(`${root}/a`, "hello", { mode: 0o750 });
  linkSync(`${root}/a`, `${root}/b`);
  symlinkSync("d/big", `${root}/l`);
  const found = await packed({ owner: { uid: 7, gid: 8 } });
  expect(found.map(({ entry: { name, type, linkName, size, uid } }) => [name, type, linkName, size, uid])).toEqual([
    ["a", "file", "", 5, 7],
    ["b", "link", "a", 0, 7],
    ["d", "directory", "", 0, 7],
    ["d/big", "file", "", 600_000, 7],
    ["l", "symlink", "d/big", 0, 7],
  ]);
  expect(found[0]?.entry.mode).toBe(0o750);
  expect(found[3]?.content.length).toBe(600_000);
});

test("what is excluded stays out; an excluded folder is entered where something in it may come back", async () => {
  for (const path of ["keep/out", "keep/in", "gone/x"]) {
    mkdirSync(`${root}/${path.split("/")[0]}`, { recursive: true });
    writeFileSync(`${root}/${path}`, "");
  }
  const found = await packed({ excludes: (path) => path !== "keep/in", enters: (path) => path === "keep" });
  expect(found.map(({ entry }) => entry.name)).toEqual(["keep/in"]);
});
