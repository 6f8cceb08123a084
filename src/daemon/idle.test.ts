import { expect, test } from "bun:test";
import { collectWhenIdle } from "./idle.ts";

test("what a burst of work has left goes soon after it, and the rest when all is quiet", async () => {
  const api = { handled: 0 };
  const memory = { used: 0, collected: 0 };
  const collector = {
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
  using _idle = collectWhenIdle(api, { used: () => 1, collect: () => void collected++ }, { quiet: 300, soon: 10 });
  const began = performance.now();
  api.handled++;
  while (collected === 0) await Bun.sleep(5);
  expect(performance.now() - began).toBeGreaterThanOrEqual(300);
});
