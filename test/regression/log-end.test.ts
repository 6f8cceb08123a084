/**
 * A read of a log ends where the log was when it was asked for, though the container writes without pause and its file
 * turns over.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Daemon, until } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
  await daemon.ok(
    "run",
    "-d",
    "--name",
    "loud",
    "--stop-timeout",
    "0",
    "--log-opt",
    "max-size=1m",
    "--log-driver",
    "json-file",
    "--log-opt",
    "max-file=5",
    "busybox",
    "sh",
    "-c",
    "i=0; while :; do i=$((i+1)); echo line $i; done",
  );
  await until(
    "a rotation",
    async () => Number((await daemon.ok("logs", "--tail", "1", "loud")).split(" ")[1]) > 40_000,
  );
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

test.each([1, 5, 1000])("the last %p lines", async (count) => {
  const numbers = (await daemon.ok("logs", "--tail", String(count), "loud"))
    .split("\n")
    .map((line) => Number(line.split(" ")[1]));
  expect(numbers).toHaveLength(count);
  expect(numbers.at(-1)).toBe((numbers[0] ?? 0) + count - 1);
});

test("all of it, and all since a time, come to an end without a gap", async () => {
  for (const options of [[], ["--since", "10m"]]) {
    const numbers = (await daemon.ok("logs", ...options, "loud")).split("\n").map((line) => Number(line.split(" ")[1]));
    expect(numbers.findIndex((number, at) => at > 0 && number !== (numbers[at - 1] ?? 0) + 1)).toBe(-1);
    expect(numbers.length).toBeGreaterThan(1000);
  }
});
