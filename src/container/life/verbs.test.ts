import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "bun:test";
import type { HostConfig } from "../../api/types/container.ts";
import { Host, until } from "../testing/host.ts";
import { killContainer } from "./kill.ts";
import { pauseContainer, unpauseContainer } from "./pause.ts";
import { removeContainer } from "./remove.ts";
import { renameContainer } from "./rename.ts";
import { restartContainer } from "./restart.ts";
import { startContainer } from "./start.ts";
import { stopContainer } from "./stop.ts";
import { updateContainer } from "./update.ts";

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
const taskOf = (id: string) => host.world.tasks.get(id);

async function remove(id: string): Promise<void> {
  await removeContainer(host.deps, id, { force: true, volumes: true });
  await host.deps.live.settled();
  expect(host.left()).toEqual([]);
}

/** The daemon is killed at the call; the next one is up. */
async function killedAt(name: string, what: "dies before" | "dies after", verb: () => Promise<unknown>) {
  await host.mishap(name, what, verb);
  expect(host.calls.isArranged).toBe(false);
  await host.boot();
}

describe("stop", () => {
  test("signals, and all is given back when it returns", async () => {
    const id = await running();
    await stopContainer(host.deps, id);
    expect(host.calls.made[0]).toBe("runtime.kill");
    expect(host.record(id).state).toMatchObject({ phase: "exited", exitCode: 143, manuallyStopped: true });
    expect(host.events).toEqual(["kill", "die 143", "stop"]);
    await host.deps.live.settled();
    expect(host.world.taken()).toEqual([]);
    await remove(id);
  });

  test("kills who does not listen, after the time-out and not before", async () => {
    const id = await running();
    Object.assign(taskOf(id) ?? {}, { deafTo: [15] });
    const stopping = stopContainer(host.deps, id, { timeout: 7 });
    await until(() => host.calls.made.includes("runtime.kill"));
    await host.atRest(id);
    jest.advanceTimersByTime(6_999);
    await host.atRest(id);
    expect(phase(id)).toBe("running");
    jest.advanceTimersByTime(1);
    await stopping;
    expect(host.record(id).state).toMatchObject({ phase: "exited", exitCode: 137 });
    expect(host.events).toEqual(["kill", "kill", "die 137", "stop"]);
    expect(host.complaints).toEqual([]);
    await remove(id);
  });

  test("says what the runtime says, and lets it run", async () => {
    const id = await running();
    host.calls.arrange("runtime.kill", "fails");
    await expect(stopContainer(host.deps, id)).rejects.toThrow(
      `cannot stop container: ${id}: Cannot kill container ${id}: runtime.kill failed`,
    );
    expect(phase(id)).toBe("running");
    await remove(id);
  });

  test("that the daemon did not survive has been, or has not", async () => {
    const id = await running({ RestartPolicy: { Name: "unless-stopped" } });
    await killedAt("runtime.kill", "dies before", () => stopContainer(host.deps, id));
    expect(phase(id)).toBe("running");
    expect(taskOf(id)?.phase).toBe("running");
    await killedAt("runtime.kill", "dies after", () => stopContainer(host.deps, id));
    await host.deps.live.settled();
    expect(host.record(id).state).toMatchObject({ phase: "exited", exitCode: 143, manuallyStopped: true });
    expect(host.world.taken()).toEqual([]);
    await remove(id);
  });
});

describe("kill", () => {
  test("goes for the process itself where the signal does nothing", async () => {
    const id = await running();
    Object.assign(taskOf(id) ?? {}, { deafTo: [9] });
    const killing = killContainer(host.deps, id);
    await until(() => host.events.includes("kill"));
    await host.atRest(id);
    jest.advanceTimersByTime(10_000);
    await killing;
    expect(host.calls.made.slice(0, 2)).toEqual(["runtime.kill", "runtime.killProcess"]);
    expect(host.record(id).state).toMatchObject({ phase: "exited", exitCode: 137 });
    expect(host.complaints.splice(0).join()).toContain("does not end after SIGKILL");
    await remove(id);
  });

  test("of a paused container lets it go on, so that it hears", async () => {
    const id = await running();
    await pauseContainer(host.deps, id);
    await killContainer(host.deps, id);
    expect(host.calls.made.slice(0, 3)).toEqual(["runtime.pause", "runtime.kill", "runtime.resume"]);
    expect(host.record(id).state).toMatchObject({ phase: "exited", exitCode: 137 });
    await remove(id);
  });

  test("with another signal leaves it running", async () => {
    const id = await running();
    Object.assign(taskOf(id) ?? {}, { deafTo: [10] });
    await killContainer(host.deps, id, { signal: "USR1" });
    expect(host.calls.made).toEqual(["runtime.kill"]);
    expect(phase(id)).toBe("running");
    await remove(id);
  });
});

describe("pause", () => {
  test("and unpause", async () => {
    const id = await running();
    await pauseContainer(host.deps, id);
    expect([phase(id), taskOf(id)?.phase]).toEqual(["paused", "paused"]);
    await unpauseContainer(host.deps, id);
    expect([phase(id), taskOf(id)?.phase]).toEqual(["running", "running"]);
    expect(host.calls.made).toEqual(["runtime.pause", "runtime.resume"]);
    expect(host.events).toEqual(["pause", "unpause"]);
    await remove(id);
  });

  test("that fails changes nothing", async () => {
    const id = await running();
    host.calls.arrange("runtime.pause", "fails");
    await expect(pauseContainer(host.deps, id)).rejects.toThrow(`cannot pause container ${id}: runtime.pause failed`);
    expect(phase(id)).toBe("running");
    await pauseContainer(host.deps, id);
    host.calls.arrange("runtime.resume", "fails");
    await expect(unpauseContainer(host.deps, id)).rejects.toThrow("runtime.resume failed");
    expect(phase(id)).toBe("paused");
    await remove(id);
  });

  test("that the daemon did not survive is noted as the kernel has it", async () => {
    const id = await running();
    await killedAt("runtime.pause", "dies before", () => pauseContainer(host.deps, id));
    expect(phase(id)).toBe("running");
    await killedAt("runtime.pause", "dies after", () => pauseContainer(host.deps, id));
    expect(phase(id)).toBe("paused");
    await killedAt("runtime.resume", "dies before", () => unpauseContainer(host.deps, id));
    expect(phase(id)).toBe("paused");
    await killedAt("runtime.resume", "dies after", () => unpauseContainer(host.deps, id));
    expect(phase(id)).toBe("running");
    await remove(id);
  });
});

describe("rename", () => {
  test("is one on the network too", async () => {
    const id = await running();
    await renameContainer(host.deps, id, "other");
    expect(host.record(id).name).toBe("other");
    expect(host.world.sandboxes.get(id)).toBe("other");
    expect(host.events).toEqual(["rename"]);
    await remove(id);
  });

  test("that fails on the network is none at all", async () => {
    const id = await running();
    const { name } = host.record(id);
    host.calls.arrange("networks.rename", "fails");
    await expect(renameContainer(host.deps, id, "other")).rejects.toThrow("networks.rename failed");
    expect(host.record(id).name).toBe(name);
    expect(host.events).toEqual([]);
    await remove(id);
  });
});

describe("update", () => {
  const limits = { Memory: 32 << 20, MemorySwap: 64 << 20 };

  test("reaches what runs", async () => {
    const id = await running();
    await updateContainer(host.deps, id, limits);
    expect(host.record(id).spec.hostConfig.Memory).toBe(32 << 20);
    expect(taskOf(id)?.resources.memory?.limit).toBe(32 << 20);
    expect(host.events).toEqual(["update"]);
    await remove(id);
  });

  test("that the kernel refuses is taken back", async () => {
    const id = await running();
    const before = host.record(id).spec;
    host.calls.arrange("runtime.update", "fails");
    await expect(updateContainer(host.deps, id, limits)).rejects.toThrow(
      `Cannot update container ${id}: runtime.update failed`,
    );
    expect(host.record(id).spec).toEqual(before);
    expect(host.events).toEqual([]);
    await remove(id);
  });
});

describe("an update that the daemon did not survive is in the record and in the kernel", () => {
  test.each(["dies before", "dies after"] as const)("%s", async (what) => {
    const id = await running();
    await killedAt("runtime.update", what, () => updateContainer(host.deps, id, { Memory: 32 << 20, MemorySwap: -1 }));
    expect(host.record(id).spec.hostConfig.Memory).toBe(32 << 20);
    expect(taskOf(id)?.resources.memory).toMatchObject({ limit: 32 << 20, swap: -1 });
    expect(host.record(id).state.limitsDue).toBe(false);
    await remove(id);
  });
});

describe("restart", () => {
  test("stops and starts, with the root filesystem mounted all the while", async () => {
    const id = await running();
    await restartContainer(host.deps, id);
    expect(host.calls.made).not.toContain("rootfs.unmount");
    expect(phase(id)).toBe("running");
    expect(host.events).toEqual(["kill", "die 143", "stop", "start", "restart"]);
    await remove(id);
  });

  test("keeps a container that would remove itself", async () => {
    const id = await running({ AutoRemove: true });
    await restartContainer(host.deps, id);
    expect(phase(id)).toBe("running");
    await stopContainer(host.deps, id);
    await host.deps.live.settled();
    expect(host.left()).toEqual([]);
  });

  test("whose start fails leaves it stopped, with everything given back", async () => {
    const id = await running();
    host.calls.arrange("runtime.create", "fails");
    await expect(restartContainer(host.deps, id)).rejects.toThrow(
      `Cannot restart container ${id}: runtime.create failed`,
    );
    await host.deps.live.settled();
    expect(host.record(id).state).toMatchObject({ phase: "exited", error: "runtime.create failed" });
    expect(host.world.taken()).toEqual([]);
    await remove(id);
  });
});

describe("remove", () => {
  const removal = ["rootfs.remove", "rootfs.remove image", "collections.forget", "volumes.remove"] as const;
  const removing = (id: string) => removeContainer(host.deps, id, { volumes: true });

  test("refuses what runs, and leaves it alone", async () => {
    const id = await running();
    await expect(removing(id)).rejects.toThrow("container is running: stop the container before removing");
    expect(host.calls.made).toEqual([]);
    expect(phase(id)).toBe("running");
    await remove(id);
  });

  test("that cannot be finished is finished the next time", async () => {
    const id = await host.create();
    host.calls.arrange("collections.forget", "fails");
    await expect(removing(id)).rejects.toThrow("unable to remove filesystem: collections.forget failed");
    expect(phase(id)).toBe("dead");
    await remove(id);
  });

  test("whose root filesystem stays leaves it to the next daemon", async () => {
    const id = await host.create();
    host.calls.arrange("rootfs.remove", "fails");
    await removing(id);
    await host.deps.live.settled();
    expect(host.complaints.splice(0).join()).toContain("rootfs.remove failed");
    expect(host.left()).not.toEqual([]);
    await host.leave();
    await host.boot();
    expect(host.left()).toEqual([]);
  });

  test.each(removal.flatMap((name) => [[name, "dies before"] as const, [name, "dies after"] as const]))(
    "that the daemon did not survive is finished by the next: %s, %s",
    async (name, what) => {
      const id = await host.create();
      await host.deps.live.settled();
      await killedAt(name, what, () => removing(id));
      expect(host.left()).toEqual([]);
    },
  );
});
