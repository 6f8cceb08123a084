/** Times are told to the nanosecond, by one clock: what is told to have been is not after now. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { parseRfc3339 } from "../../src/api/timestamps.ts";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.start();
});
afterAll(() => daemon?.[Symbol.asyncDispose]());

const info = async () => (await daemon.api("GET", "/info")).json;
const nanos = (text: string) => parseRfc3339(text) ?? 0n;

test("events up to the engine's own time have the newest", async () => {
  for (let round = 0; round < 20; round++) {
    const name = `volume-${round}`;
    await daemon.api("POST", "/volumes/create", { Name: name });
    const now = nanos((await info()).SystemTime);
    const { text } = await daemon.api(
      "GET",
      `/events?since=0&until=${now / 1_000_000_000n}.${String(now % 1_000_000_000n).padStart(9, "0")}`,
    );
    const newest = text.trim().split("\n").at(-1) ?? "";
    expect(newest).toContain(`"ID":"${name}"`);
    const [, digits = ""] = /"timeNano":(\d{19})\b/.exec(newest) ?? [];
    expect(BigInt(digits)).toBeLessThanOrEqual(now);
  }
});

test("all of them have digits below the microsecond", async () => {
  const id = await daemon.ok(
    "run",
    "-d",
    "--stop-timeout",
    "0",
    "--health-cmd",
    "true",
    "--health-interval",
    "100ms",
    "busybox",
    "sh",
    "-c",
    "sleep 1",
  );
  await daemon.ok("wait", id);
  const { Created, State } = (await daemon.api("GET", `/containers/${id}/json`)).json;
  const { text } = await daemon.api("GET", "/events?since=0&until=-5");
  const events = text
    .trim()
    .split("\n")
    .map((line) => /"timeNano":(\d+)/.exec(line)?.[1] ?? "");
  // One in a thousand ends in three zeros, by chance.
  const fine = (times: bigint[]) => times.filter((time) => time % 1000n !== 0n).length;
  const times = [
    Created,
    State.StartedAt,
    State.FinishedAt,
    State.Health.Log[0].Start,
    State.Health.Log[0].End,
    (await info()).SystemTime,
  ].map(nanos);
  expect(fine(times)).toBeGreaterThanOrEqual(times.length - 1);
  expect(fine(events.map(BigInt))).toBeGreaterThanOrEqual(events.length - 1);
  expect(times.slice(0, 3)).toEqual(times.slice(0, 3).toSorted((a, b) => (a < b ? -1 : 1)));
});
