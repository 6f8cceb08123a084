import { describe, expect, test } from "bun:test";
import type { EngineEvent } from "./event.ts";
import { EventBus } from "./events.ts";
import { Filters } from "./filters.ts";

/** A clock that stands still for a while, as one that is asked more often than it goes. */
let asked = 0;
const now = () => BigInt(Date.now()) * 1_000_000n + BigInt(Math.floor(asked++ / 3));

const actor = (id: string, attributes: Record<string, string> = {}) => ({ ID: id, Attributes: attributes });

/** What there is now, without waiting for more. */
async function collect(
  bus: EventBus,
  options: Parameters<EventBus["subscribe"]>[0],
  publish: () => void,
): Promise<EngineEvent[]> {
  const stop = new AbortController();
  const subscription = bus.subscribe({ ...options, signal: stop.signal });
  publish();
  stop.abort();
  return Array.fromAsync(subscription);
}

describe("EventBus", () => {
  test("delivers in order with exact, growing times", async () => {
    const bus = new EventBus(now);
    const events = await collect(bus, {}, () => {
      for (let i = 0; i < 50; i++) bus.publish("container", `exec_start: a${i}`, actor("x"));
    });
    expect(events.map((event) => event.Action)).toEqual(Array.from({ length: 50 }, (_, i) => `exec_start: a${i}`));
    for (const [i, event] of events.entries()) {
      if (i > 0) expect(event.timeNano).toBeGreaterThan(events[i - 1]?.timeNano ?? 0n);
      expect(BigInt(event.time)).toBe(event.timeNano / 1_000_000_000n);
    }
  });
  test("the past comes only when asked for, bounded by time and number", async () => {
    const bus = new EventBus(now);
    for (let i = 0; i < 300; i++) bus.publish("container", `exec_start: a${i}`, actor("x"));
    expect(await collect(bus, {}, () => {})).toEqual([]);
    const all = await collect(bus, { since: 0n }, () => {});
    expect(all.length).toBe(256);
    expect(all[0]?.Action).toBe("exec_start: a44");
    const third = all[2]?.timeNano ?? 0n;
    expect((await collect(bus, { since: third }, () => {})).length).toBe(254);
    expect((await Array.fromAsync(bus.subscribe({ until: third }))).map((event) => event.Action)).toEqual([
      "exec_start: a44",
      "exec_start: a45",
      "exec_start: a46",
    ]);
  });
  test("ends at `until`, at abort and when the reader leaves", async () => {
    const bus = new EventBus(now);
    const soon = BigInt(Date.now() + 30) * 1_000_000n;
    expect(await Array.fromAsync(bus.subscribe({ until: soon }))).toEqual([]);
    const subscription = bus.subscribe({});
    bus.publish("volume", "create", actor("v"));
    for await (const event of subscription) {
      expect(event.Actor.ID).toBe("v");
      break;
    }
    expect(bus.subscriberCount).toBe(0);
  });
  test("a reader that never reads is let go", async () => {
    const bus = new EventBus(now);
    const subscription = bus.subscribe({});
    for (let i = 0; i < 10_000; i++) bus.publish("container", "start", actor("x"));
    expect(bus.subscriberCount).toBe(0);
    await expect(Array.fromAsync(subscription)).rejects.toThrow("too slow");
  });
});

describe("event filters", () => {
  const passes = async (filters: Record<string, string[]>, publish: (bus: EventBus) => void) => {
    const bus = new EventBus(now);
    return (await collect(bus, { filters: new Filters(Object.entries(filters)) }, () => publish(bus))).length === 1;
  };
  const start = (bus: EventBus) =>
    bus.publish("container", "start", actor("abcdef", { name: "web", image: "busybox:latest", role: "front" }));
  test.each<[Record<string, string[]>, boolean]>([
    [{}, true],
    [{ type: ["container"] }, true],
    [{ type: ["image"] }, false],
    [{ container: ["web"] }, true],
    [{ container: ["abc"] }, true],
    [{ container: ["db"] }, false],
    [{ event: ["start", "stop"] }, true],
    [{ event: ["star"] }, false],
    [{ image: ["busybox"] }, true],
    [{ image: ["busybox:latest"] }, true],
    [{ image: ["debian"] }, false],
    [{ label: ["role=front"] }, true],
    [{ label: ["role", "other"] }, false],
    [{ scope: ["swarm"] }, false],
    [{ type: ["container"], event: ["die"] }, false],
    [{ nonsense: ["x"] }, true],
  ])("%p lets a start pass: %p", async (filters, expected) => expect(await passes(filters, start)).toBe(expected));
  test("actions with a detail go by their word", async () => {
    expect(
      await passes({ event: ["exec_create"] }, (bus) => bus.publish("container", "exec_create: sh", actor("a"))),
    ).toBe(true);
    expect(
      await passes({ event: ["health_status: healthy"] }, (bus) =>
        bus.publish("container", "health_status: healthy", actor("a")),
      ),
    ).toBe(true);
  });
});
