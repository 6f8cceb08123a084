import { expect, test } from "bun:test";
import { nextBackoff, shouldRestart, shouldStartAtBoot } from "./restart-policy.ts";

test("the wait doubles up to a minute and starts over after a good run", () => {
  const waits = [0];
  for (let i = 0; i < 12; i++) waits.push(nextBackoff(waits.at(-1) ?? 0, 500));
  expect(waits.slice(1, 5)).toEqual([100, 200, 400, 800]);
  expect(waits.at(-1)).toBe(60_000);
  expect(nextBackoff(60_000, 10_000)).toBe(100);
});

test("policies", () => {
  const exit = { exitCode: 0, restartCount: 0, manuallyStopped: false };
  expect(shouldRestart({ Name: "always" }, exit)).toBe(true);
  expect(shouldRestart({ Name: "always" }, { ...exit, manuallyStopped: true })).toBe(false);
  expect(shouldRestart({ Name: "no" }, { ...exit, exitCode: 1 })).toBe(false);
  expect(shouldRestart({ Name: "on-failure" }, exit)).toBe(false);
  expect(shouldRestart({ Name: "on-failure", MaximumRetryCount: 3 }, { ...exit, exitCode: 1, restartCount: 2 })).toBe(
    true,
  );
  expect(shouldRestart({ Name: "on-failure", MaximumRetryCount: 3 }, { ...exit, exitCode: 1, restartCount: 3 })).toBe(
    false,
  );
});

test("at boot", () => {
  const last = { exitCode: 0, restartCount: 0, manuallyStopped: true, started: true, wasRunning: false };
  expect(shouldStartAtBoot({ Name: "always" }, last)).toBe(true);
  expect(shouldStartAtBoot({ Name: "always" }, { ...last, started: false })).toBe(false);
  expect(shouldStartAtBoot({ Name: "unless-stopped" }, last)).toBe(false);
  expect(shouldStartAtBoot({ Name: "unless-stopped" }, { ...last, manuallyStopped: false })).toBe(true);
  expect(shouldStartAtBoot({ Name: "on-failure" }, { ...last, exitCode: 1, manuallyStopped: false })).toBe(false);
  expect(
    shouldStartAtBoot({ Name: "on-failure" }, { ...last, exitCode: 255, manuallyStopped: false, wasRunning: true }),
  ).toBe(true);
});
