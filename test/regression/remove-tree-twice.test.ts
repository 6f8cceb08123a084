import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Archiver } from "../../src/linux/archive/archiver.ts";

/**
 * What was left of an earlier run is cleared while the one that put it there may be about it: the second one once
 * failed.
 */
test("two that remove the same tree are not in each other's way", async () => {
  const root = mkdtempSync("/tmp/berth-remove-");
  await using archiver = new Archiver();
  try {
    for (let round = 0; round < 5; round++) {
      for (let dir = 0; dir < 100; dir++) {
        mkdirSync(`${root}/tree/${dir}/deep`, { recursive: true });
        for (let file = 0; file < 5; file++) writeFileSync(`${root}/tree/${dir}/deep/${file}`, "");
      }
      await Promise.all([archiver.remove(`${root}/tree`), archiver.remove(`${root}/tree`)]);
      expect(existsSync(`${root}/tree`)).toBe(false);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
