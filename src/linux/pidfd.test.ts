import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { closePidfd, onProcessEnd, openPidfd, signalPidfd } from "./pidfd.ts";

const openFiles = () => readdirSync("/proc/self/fd").length;

test("the end of a process is seen, once, and costs no descriptor", async () => {
  const child = Bun.spawn(["sleep", "60"]);
  const before = openFiles();
  const { promise, resolve } = Promise.withResolvers<void>();
  let calls = 0;
  onProcessEnd(child.pid, () => {
    calls++;
    resolve();
  });
  await Bun.sleep(20);
  expect(calls).toBe(0);
  const pidfd = openPidfd(child.pid);
  expect(pidfd !== null && signalPidfd(pidfd, 9)).toBe(true);
  await promise;
  await child.exited;
  expect(calls).toBe(1);
  if (pidfd !== null) {
    expect(signalPidfd(pidfd, 9)).toBe(false);
    closePidfd(pidfd);
  }
  while (openFiles() > before) await Bun.sleep(2);
});

test("waiting costs no processor time", async () => {
  const children = Array.from({ length: 20 }, () => Bun.spawn(["sleep", "60"]));
  let ended = 0;
  for (const child of children) onProcessEnd(child.pid, () => void ended++);
  await Bun.sleep(20);
  const before = process.cpuUsage();
  await Bun.sleep(200);
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeLessThan(100_000);
  for (const child of children) child.kill(9);
  while (ended < children.length) await Bun.sleep(2);
});

test("a process that is gone has ended", async () => {
  const child = Bun.spawn(["true"]);
  await child.exited;
  expect(openPidfd(child.pid)).toBeNull();
  await new Promise<void>((resolve) => onProcessEnd(child.pid, resolve));
});

test("waiting can be given up", async () => {
  const before = openFiles();
  const child = Bun.spawn(["sleep", "60"]);
  const spawned = openFiles();
  let ended = 0;
  for (let round = 0; round < 50; round++) {
    using _ = onProcessEnd(child.pid, () => void ended++);
    if (round % 2) await Bun.sleep(1);
  }
  // Bun gives the descriptors of children that ended before back in its own time.
  while (openFiles() > spawned) await Bun.sleep(2);
  child.kill(9);
  await child.exited;
  await Bun.sleep(20);
  expect(ended).toBe(0);
  while (openFiles() > before) await Bun.sleep(2);
});
