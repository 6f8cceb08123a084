import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { MS, mount, unmount } from "../../src/linux/mount.ts";
import { removeTree } from "../../src/linux/remove.ts";

/** Removing a tree once emptied what was bind-mounted into it before it stopped at the mount point. */
test("removing a tree leaves what is mounted in it alone", () => {
  const root = mkdtempSync("/tmp/berth-remove-");
  try {
    for (const dir of ["precious", "tree/a/mounted"]) mkdirSync(`${root}/${dir}`, { recursive: true });
    writeFileSync(`${root}/precious/file`, "kept");
    mount(`${root}/precious`, `${root}/tree/a/mounted`, "", MS.BIND);
    try {
      expect(() => removeTree(`${root}/tree`)).toThrow("invalid cross-device link");
      expect(readFileSync(`${root}/precious/file`, "utf8")).toBe("kept");
    } finally {
      unmount(`${root}/tree/a/mounted`);
    }
    removeTree(`${root}/tree`);
    expect(existsSync(`${root}/tree`)).toBe(false);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
