import { expect, test } from "bun:test";
import { collectWhenIdle } from "./idle.ts";

const level = { used: () => 1, resident: () => 1, collect() {}, shrink() {} };

test("what a burst of work has left goes soon after it, and the rest when all is quiet", async () => {
  const api = { handled: 0 };
  const memory = { used: 0, collected: 0 };
  const collector = {
    ...level,
    used: () => memory.used,
    collect: () => {
      memory.collected++;
      memory.used = 1;
    },
  };
  const until = async (wanted: number) => {
    while (memory.collected < wanted) await Bun.sleep(5);
  };
  using _idle = collectWhenIdle(api, collector, { quiet: 300, soon: 10 });
  const began = performance.now();
  api.handled++;
  memory.used = 100 << 20;
  await until(1);
  expect(memory.used).toBe(1);
  await until(2);
  expect(performance.now() - began).toBeGreaterThanOrEqual(300);
  await Bun.sleep(700);
  expect(memory.collected).toBe(2);
});

test("little is let be until all is quiet", async () => {
  const api = { handled: 0 };
  let collected = 0;
  using _idle = collectWhenIdle(api, { ...level, collect: () => void collected++ }, { quiet: 300, soon: 10 });
  const began = performance.now();
  api.handled++;
  while (collected === 0) await Bun.sleep(5);
  expect(performance.now() - began).toBeGreaterThanOrEqual(300);
});

test("compiled code goes where the process has grown much, and once only where it stays large", async () => {
  const api = { handled: 0 };
  let resident = 80 << 20;
  let collected = 0;
  let shrunk = 0;
  const memory = {
    ...level,
    resident: () => resident,
    collect: () => void collected++,
    shrink: () => void shrunk++,
  };
  using _idle = collectWhenIdle(api, memory, { quiet: 30, soon: 5 });
  const quietAgain = async () => {
    const before = collected;
    api.handled++;
    while (collected === before) await Bun.sleep(5);
    await Bun.sleep(60);
  };
  await quietAgain();
  expect(shrunk).toBe(0);
  resident = 100 << 20;
  await quietAgain();
  expect(shrunk).toBe(1);
  await quietAgain();
  expect(shrunk).toBe(1);
  resident = 120 << 20;
  await quietAgain();
  expect(shrunk).toBe(2);
});
