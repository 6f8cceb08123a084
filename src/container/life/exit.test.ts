import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "bun:test";
import type { HostConfig } from "../../api/types/container.ts";
import { nowNano } from "../../linux/clock.ts";
import { ZERO_TIME } from "../record.ts";
import { Host, until } from "../testing/host.ts";
import { killContainer } from "./kill.ts";
import { removeContainer } from "./remove.ts";
import { startContainer } from "./start.ts";
import { stopContainer } from "./stop.ts";
import { waitContainer } from "./wait.ts";

let host: Host;
beforeAll(async () => {
  host = await Host.start();
});
afterAll(() => host[Symbol.asyncDispose]());
// What one test left is not the next one's affair.
afterEach(async () => {
  jest.useRealTimers();
  if (host.left().length === 0) return;
  await host[Symbol.asyncDispose]();
  host = await Host.start();
});
beforeEach(() => void jest.useFakeTimers());

async function running(config: HostConfig = {}): Promise<string> {
  const id = await host.create(config);
  await startContainer(host.deps, id);
  host.calls.arrange();
  host.events.length = 0;
  return id;
}

const phase = (id: string) => host.record(id).state.phase;

/** Ends the container and waits until that is noted, with all that follows at once. */
async function ends(id: string, end: Parameters<Host["end"]>[1], now: string): Promise<void> {
  host.end(id, end);
  await until(() => phase(id) === now);
  await host.atRest(id);
}

async function remove(id: string): Promise<void> {
  await removeContainer(host.deps, id, { force: true, volumes: true });
  await host.deps.live.settled();
  expect(host.left()).toEqual([]);
}

const release = [
  "runtime.delete",
  "networks.tearDown",
  "kernel.unmountAll",
  "volumes.unmount",
  "rootfs.unmount image",
  "volumes.unmount named",
  "rootfs.unmount",
];

test("an end by itself gives everything back and says how it was", async () => {
  const id = await running();
  const { result } = await waitContainer(host.deps, id);
  await ends(id, { exitCode: 3, oomKilled: true }, "exited");
  await host.deps.live.settled();
  expect(host.calls.made).toEqual(release);
  expect(host.world.taken()).toEqual([]);
  expect(await result).toEqual({ StatusCode: 3 });
  expect(host.record(id).state).toMatchObject({ pid: 0, exitCode: 3, oomKilled: true, restartCount: 0, ending: null });
  expect(host.record(id).state.finishedAt).not.toBe(ZERO_TIME);
  expect(host.record(id).state.network).toMatchObject({ Networks: { bridge: { IPAddress: "" } } });
  expect(host.events).toEqual(["oom", "die 3"]);
  await startContainer(host.deps, id);
  await remove(id);
});

test("an end that shows twice counts once", async () => {
  const id = await running();
  await ends(id, { exitCode: 0 }, "exited");
  await startContainer(host.deps, id);
  host.deps.runtime.tellExit(id);
  expect(phase(id)).toBe("running");
  expect(host.events).toEqual(["die 0", "start"]);
  await remove(id);
});

describe("what cannot be given back at an end does not keep it from being noted", () => {
  test.each([...release.entries()])("%i: %s", async (at, name) => {
    const id = await running();
    host.calls.arrange(at, "fails");
    await ends(id, { exitCode: 3 }, "exited");
    await host.deps.live.settled();
    expect(host.record(id).state).toMatchObject({ exitCode: 3, ending: null });
    expect(host.complaints.splice(0).join()).toContain(`${name} failed`);
    await startContainer(host.deps, id);
    await remove(id);
  });
});

describe("an end that the daemon did not survive is noted by the next", () => {
  const ways = (["dies before", "dies after"] as const).flatMap((what) =>
    [...release.entries()].map(([at, name]) => [what, at, name] as const),
  );
  test.each(ways)("%s %i: %s", async (what, at) => {
    const id = await running();
    host.calls.arrange(at, what);
    host.end(id, { exitCode: 3 });
    await host.calls.death;
    await host.boot();
    expect(host.world.taken()).toEqual([]);
    expect(host.record(id).state).toMatchObject({ phase: "exited", exitCode: 3, pid: 0, ending: null });
    await startContainer(host.deps, id);
    await remove(id);
  });
});

test("a container that removes itself is gone with its end", async () => {
  const id = await running({ AutoRemove: true });
  const { result } = await waitContainer(host.deps, id, "removed");
  host.end(id, { exitCode: 4 });
  expect(await result).toEqual({ StatusCode: 4 });
  await host.deps.live.settled();
  expect(host.left()).toEqual([]);
  expect(host.events).toEqual(["die 4", "destroy"]);
});

describe("restart by policy", () => {
  const always = { RestartPolicy: { Name: "always" } };
  const onFailure = { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } };

  /** Not a millisecond before. */
  async function restartsAfter(id: string, milliseconds: number): Promise<void> {
    jest.advanceTimersByTime(milliseconds - 1);
    await host.atRest(id);
    expect(phase(id)).toBe("restarting");
    jest.advanceTimersByTime(1);
    await until(() => phase(id) === "running");
  }

  test("waits twice as long each time, and from the start again after a run of ten seconds", async () => {
    const id = await running(always);
    for (const [count, delay] of [100, 200, 400, 800].entries()) {
      await ends(id, { exitCode: 1 }, "restarting");
      expect(host.record(id).state).toMatchObject({ restartCount: count + 1, exitCode: 1, pid: 0 });
      await restartsAfter(id, delay);
    }
    await ends(id, { exitCode: 0, finishedAt: nowNano() + 11_000_000_000n }, "restarting");
    await restartsAfter(id, 100);
    await remove(id);
  });

  test("never waits more than a minute", async () => {
    const id = await running(always);
    host.deps.live.of(id).backoff = 50_000;
    await ends(id, { exitCode: 1 }, "restarting");
    await restartsAfter(id, 60_000);
    await remove(id);
  });

  test("keeps the root filesystem mounted in between, and gives back the rest", async () => {
    const id = await running(always);
    await ends(id, { exitCode: 1 }, "restarting");
    expect(host.world.taken()).toEqual([`mounted ${id}`]);
    expect(host.calls.made).toEqual(release.filter((name) => name !== "rootfs.unmount"));
    await remove(id);
  });

  test("gives up after as many as were asked for, and not at all after a success", async () => {
    const id = await running(onFailure);
    for (const delay of [100, 200]) {
      await ends(id, { exitCode: 1 }, "restarting");
      await restartsAfter(id, delay);
    }
    await ends(id, { exitCode: 1 }, "exited");
    expect(host.record(id).state).toMatchObject({ restartCount: 2, exitCode: 1 });
    await startContainer(host.deps, id);
    expect(host.record(id).state.restartCount).toBe(0);
    await ends(id, { exitCode: 0 }, "exited");
    await host.deps.live.settled();
    expect(host.world.taken()).toEqual([]);
    await remove(id);
  });

  test("a restart that fails counts as one, and is tried again", async () => {
    const id = await running(always);
    await ends(id, { exitCode: 1 }, "restarting");
    host.calls.arrange("runtime.create", "fails");
    jest.advanceTimersByTime(100);
    await until(() => host.record(id).state.restartCount === 2);
    await host.deps.live.settled();
    expect(host.world.taken()).toEqual([]);
    expect(host.record(id).state).toMatchObject({ phase: "restarting", error: "runtime.create failed" });
    expect(host.complaints.splice(0)).toEqual([
      `level=warn msg="cannot restart a container" container=${id} error="runtime.create failed"\n`,
    ]);
    await restartsAfter(id, 200);
    expect(host.record(id).state.error).toBe("");
    await remove(id);
  });

  test.each([
    ["stop", stopContainer],
    ["kill", killContainer],
  ] as const)("ends with a %s, while it waits too", async (_, verb) => {
    const id = await running(always);
    await verb(host.deps, id);
    expect(phase(id)).toBe("exited");
    await startContainer(host.deps, id);
    await ends(id, { exitCode: 1 }, "restarting");
    await verb(host.deps, id);
    expect(phase(id)).toBe("exited");
    expect(host.deps.live.of(id).restartTimer).toBeNull();
    await remove(id);
  });

  test("a daemon that comes back restarts it, one that only went lets it run", async () => {
    const id = await running(always);
    await host.leave();
    await host.boot();
    expect(host.record(id).state).toMatchObject({ phase: "running", restartCount: 0 });

    await host.leave();
    host.end(id, { exitCode: 1 });
    await host.boot();
    await until(() => phase(id) === "running");
    expect(host.world.tasks.get(id)?.phase).toBe("running");
    await remove(id);
  });

  test("a daemon that was killed while it waited leaves that to the next", async () => {
    const id = await running(always);
    await ends(id, { exitCode: 1 }, "restarting");
    host.calls.arrange(0, "dies before");
    jest.advanceTimersByTime(100);
    await host.calls.death;
    await host.boot();
    await until(() => phase(id) === "running");
    await remove(id);
  });
});
