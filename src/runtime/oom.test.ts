import { describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Logger } from "../lib/log.ts";
import { Inotify } from "../linux/inotify.ts";
import { OomWatch } from "./oom.ts";

test("where the kernel counts, its count is told, whatever else changes in its file", () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-oom-"));
  using stack = new DisposableStack();
  stack.defer(() => rmSync(dir, { recursive: true }));
  const inotify = stack.use(new Inotify());
  const told: boolean[] = [];
  const watch = new OomWatch(inotify, new Logger("error"));
  stack.use(watch.listen((_, { maybeTold }) => told.push(maybeTold)));
  const file = join(dir, "memory.events");
  const say = (max: number, kills: number) => {
    writeFileSync(file, `max ${max}\noom_kill ${kills}\n`);
    inotify.flush();
  };
  const kills = { file, read: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, "utf8"))?.[1] ?? 0) };
  say(0, 0);
  watch.add("c", dir, kills);
  say(7, 0);
  expect(told).toEqual([]);
  say(8, 1);
  say(9, 1);
  say(9, 2);
  expect(told).toEqual([false, false]);
  watch.add("c", dir, kills);
  expect(told).toEqual([false, false, true]);
  say(9, 2);
  expect(told).toHaveLength(3);
});

describe("where the kernel's count tells of no change", () => {
  /** `killed`: what the kernel has counted; a monitor that says so. */
  function host() {
    const stack = new DisposableStack();
    const dir = mkdtempSync(join(tmpdir(), "berth-oom-"));
    stack.defer(() => rmSync(dir, { recursive: true }));
    const inotify = stack.use(new Inotify());
    const told: string[] = [];
    const watch = new OomWatch(inotify, new Logger("error"));
    stack.use(watch.listen((id, { maybeTold }) => told.push(`${id} ${maybeTold}`)));
    const kernel = { killed: 0 };
    return {
      told,
      watch,
      kernel,
      add: (id: string) => watch.add(id, dir, { file: null, read: () => kernel.killed }),
      open: (name: string) => {
        closeSync(openSync(join(dir, name), "a"));
        inotify.flush();
      },
      [Symbol.dispose]: () => stack.dispose(),
    };
  }

  test("each time that the monitor opens its file is told; other files are none of it", () => {
    using it = host();
    it.add("c");
    it.open("config.json");
    expect(it.told).toEqual([]);
    for (it.kernel.killed of [1, 2]) it.open("oom");
    expect(it.told).toEqual(["c false", "c false"]);
    it.add("c");
    it.kernel.killed = 3;
    it.open("oom");
    expect(it.told).toEqual(["c false", "c false", "c true", "c false"]);
    it.watch.remove("c");
    it.kernel.killed = 4;
    it.open("oom");
    expect(it.told).toHaveLength(4);
  });

  test("one event that comes twice, the first time before the kernel has counted", async () => {
    using it = host();
    it.add("c");
    it.open("oom");
    it.kernel.killed = 1;
    it.open("oom");
    expect(it.told).toEqual(["c false"]);
    while (it.told.length === 1) await Bun.sleep(10);
    expect(it.told).toEqual(["c false", "c true"]);
  });

  test("what is never counted is told all the same", async () => {
    using it = host();
    it.add("c");
    it.open("oom");
    while (it.told.length === 0) await Bun.sleep(10);
    expect(it.told).toEqual(["c true"]);
  });

  test("what ran out before the monitor watched is told by the count", async () => {
    using it = host();
    it.add("gone");
    it.watch.remove("gone");
    it.add("c");
    it.kernel.killed = 1;
    while (it.told.length === 0) await Bun.sleep(20);
    await Bun.sleep(50);
    expect(it.told).toEqual(["c false"]);
  });
});
