import { expect, test } from "bun:test";
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
  stack.use(watch.listen((_, { missed }) => told.push(missed)));
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

test(
  "each time that the monitor opens its file is told, the " + "first and those soon after; other files are none of it",
  () => {
    const dir = mkdtempSync(join(tmpdir(), "berth-oom-"));
    using stack = new DisposableStack();
    stack.defer(() => rmSync(dir, { recursive: true }));
    const inotify = stack.use(new Inotify());
    const told: string[] = [];
    const watch = new OomWatch(inotify, new Logger("error"));
    stack.use(watch.listen((id, { missed }) => told.push(`${id} ${missed}`)));
    const memoryRunsOut = () => {
      closeSync(openSync(join(dir, "oom"), "a"));
      inotify.flush();
    };
    watch.add("c", dir, null);
    writeFileSync(join(dir, "config.json"), "{}");
    inotify.flush();
    expect(told).toEqual([]);
    memoryRunsOut();
    memoryRunsOut();
    expect(told).toEqual(["c false", "c false"]);
    watch.add("c", dir, null);
    memoryRunsOut();
    expect(told).toEqual(["c false", "c false", "c true", "c false"]);
    watch.remove("c");
    memoryRunsOut();
    expect(told).toHaveLength(4);
  },
);

test("what ran out before the monitor watched is told by the kernel's count, once", async () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-oom-"));
  using stack = new DisposableStack();
  stack.defer(() => rmSync(dir, { recursive: true }));
  const told: string[] = [];
  const watch = new OomWatch(stack.use(new Inotify()), new Logger("error"));
  stack.use(watch.listen((id, { missed }) => told.push(`${id} ${missed}`)));
  let count = 0;
  for (const id of ["killed", "gone", "spared"])
    watch.add(id, dir, { file: null, read: () => (id === "spared" ? 0 : count) });
  watch.remove("gone");
  count = 1;
  expect(told).toEqual([]);
  while (told.length === 0) await Bun.sleep(20);
  await Bun.sleep(50);
  expect(told).toEqual(["killed true"]);
});
