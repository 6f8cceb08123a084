import { expect, test } from "bun:test";
import type { Health } from "../../api/types/container.ts";
import { isUnhealthy, judge } from "./health-judge.ts";

const at = (second: number, ExitCode: number) => ({
  Start: new Date(second * 1000).toISOString(),
  End: "",
  ExitCode,
  Output: "",
});
const check = { Retries: 2, StartPeriod: 10e9 };
const starting: Health = { Status: "starting", FailingStreak: 0, Log: [] };

test("failures in the start period do not count, a success ends it", () => {
  const first = judge(starting, at(5, 1), { check, startedAt: 0 });
  expect(first).toMatchObject({ Status: "starting", FailingStreak: 0 });
  const healthy = judge(first, at(6, 0), { check, startedAt: 0 });
  expect(healthy).toMatchObject({ Status: "healthy", FailingStreak: 0 });
  expect(judge(healthy, at(7, 1), { check, startedAt: 0 })).toMatchObject({ Status: "healthy", FailingStreak: 1 });
});

test("unhealthy after as many failures in a row as there are retries", () => {
  const once = judge(starting, at(11, 1), { check, startedAt: 0 });
  expect(once).toMatchObject({ Status: "starting", FailingStreak: 1 });
  expect(judge(once, at(12, 3), { check, startedAt: 0 })).toMatchObject({ Status: "unhealthy", FailingStreak: 2 });
});

test("three retries without a setting, five results kept", () => {
  let health: Health = starting;
  for (let i = 1; i <= 7; i++) health = judge(health, at(i, 1), { check: {}, startedAt: 0 });
  expect(health).toMatchObject({ Status: "unhealthy", FailingStreak: 7 });
  expect(health?.Log?.length).toBe(5);
});

test("one that stood still is no failure, however it shows", () => {
  const paused: Health = { Status: "unhealthy", FailingStreak: 0, Log: [] };
  expect(isUnhealthy(paused, check)).toBe(false);
  const once = judge(paused, at(20, 1), { check, startedAt: 0 });
  expect(isUnhealthy(once, check)).toBe(false);
  expect(isUnhealthy(judge(once, at(21, 1), { check, startedAt: 0 }), check)).toBe(true);
});
