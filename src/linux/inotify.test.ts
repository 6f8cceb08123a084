import { expect, test } from "bun:test";
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Inotify, inotifyMask } from "./inotify.ts";

const { access, closeWrite, open } = inotifyMask;

async function until(done: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !done(); ) {
    if (Date.now() > end) throw new Error("nothing is told");
    await Bun.sleep(1);
  }
}

test("tells of what others do with a file, again and again, and of nothing after it was disposed of", async () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-inotify-"));
  try {
    using inotify = new Inotify();
    const path = join(dir, "file");
    writeFileSync(path, "text");
    const seen: number[] = [];
    const watch = inotify.watch(path, open | access, (mask) => void seen.push(mask));
    for (let round = 1; round <= 50; round++) {
      readFileSync(path);
      await until(() => seen.includes(access));
      expect(seen).toContain(open);
      seen.length = 0;
      // What came with it may still be under way.
      inotify.flush();
      seen.length = 0;
    }
    const held = openSync(path, "r");
    inotify.flush();
    expect(seen).toEqual([open]);
    appendFileSync(path, "more");
    readSync(held, Buffer.alloc(10), 0, 10, 0);
    inotify.flush();
    expect(seen).toEqual([open, open, access]);
    closeSync(held);
    watch[Symbol.dispose]();
    readFileSync(path);
    inotify.flush();
    expect(seen).toHaveLength(3);
    rmSync(path);
    expect(() => inotify.watch(path, open, () => {})).toThrow("no such file or directory");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("names the files of a directory", async () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-inotify-"));
  using inotify = new Inotify();
  const names: string[] = [];
  inotify.watch(dir, closeWrite, (_, name) => void names.push(name));
  writeFileSync(join(dir, "one"), "");
  writeFileSync(join(dir, "ämne"), "");
  await until(() => names.length === 2);
  expect(names).toEqual(["one", "ämne"]);
  rmSync(dir, { recursive: true });
});
