import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Host, until } from "../testing/host.ts";
import { removeContainer } from "./remove.ts";
import { startContainer } from "./start.ts";

let host: Host;
beforeAll(async () => {
  host = await Host.start();
});
afterAll(() => host[Symbol.asyncDispose]());
// What one test left is not the next one's affair.
afterEach(async () => {
  if (host.left().length === 0) return;
  await host[Symbol.asyncDispose]();
  host = await Host.start();
});

const creation = [
  "rootfs.create",
  // For the working directory; the volumes are made with it mounted.
  "rootfs.mount",
  "volumes.create",
  "rootfs.create image",
  "volumes.create named",
  "rootfs.mount",
];
const start = [
  // At once: the namespace, the root filesystem, the mounts.
  "networks.setUp",
  "volumes.mount",
  "rootfs.mount",
  "rootfs.mount image",
  "volumes.mount named",
  "kernel.mount",
  // The specification: shared memory; then the container around the empty namespace.
  "kernel.mount",
  "collections.begin",
  "runtime.create",
  "networks.furnish",
  // The subpath is in the container now.
  "kernel.unmountAll",
  "runtime.attach",
  "runtime.start",
];

/** A created container with a client that waits for its output. */
async function created(): Promise<string> {
  const id = await host.create();
  host.deps.live.of(id).pendingClients.add({ connect: () => {} });
  await host.deps.live.settled();
  return id;
}

/** It starts after all, and goes without a trace. */
async function livesAndGoes(id: string): Promise<void> {
  await startContainer(host.deps, id);
  expect(host.record(id).state).toMatchObject({ phase: "running", error: "", exitCode: 0 });
  expect(host.world.tasks.get(id)).toMatchObject({ phase: "running", pid: host.record(id).state.pid });
  await removeContainer(host.deps, id, { force: true, volumes: true });
  await host.deps.live.settled();
  expect(host.left()).toEqual([]);
}

test("what a life calls, in order", async () => {
  let id = "";
  expect(await host.callsOf(async () => void (id = await created()))).toEqual(creation);
  expect(await host.callsOf(() => startContainer(host.deps, id))).toEqual(start);
  expect(await host.callsOf(() => removeContainer(host.deps, id, { force: true, volumes: true }))).toEqual([
    "runtime.kill",
    "runtime.delete",
    "networks.tearDown",
    "kernel.unmountAll",
    "volumes.unmount",
    "rootfs.unmount image",
    "volumes.unmount named",
    "rootfs.unmount",
    "collections.forget",
    "rootfs.remove",
    "rootfs.remove image",
    "volumes.remove",
  ]);
  expect(host.left()).toEqual([]);
  expect(host.events).toEqual(["create", "start", "kill", "die 137", "destroy"]);
  expect(host.complaints).toEqual([]);
});

describe("a create whose call fails leaves nothing", () => {
  test.each([...creation.entries()])("%i: %s", async (at, name) => {
    expect(String(await host.mishap(at, "fails", created))).toContain(`${name} failed`);
    await host.deps.live.settled();
    expect(host.left()).toEqual([]);
  });
});

describe("a start whose call fails gives everything back", () => {
  test.each([...start.entries()])("%i: %s", async (at, name) => {
    const id = await created();
    expect(String(await host.mishap(at, "fails", () => startContainer(host.deps, id)))).toContain(`${name} failed`);
    await host.deps.live.settled();
    expect(host.world.taken()).toEqual([]);
    expect(host.record(id).state).toMatchObject({ phase: "created", pid: 0, conmonPid: 0, exitCode: 128 });
    expect(host.record(id).state.error).toContain(`${name} failed`);
    expect(host.deps.live.of(id).pendingClients.size).toBe(0);
    await livesAndGoes(id);
  });
});

describe("a start that fails gives back what is still under way, too", () => {
  test.each([
    ["networks.setUp", "volumes.mount named"],
    ["rootfs.mount", "rootfs.mount image"],
    ["rootfs.mount image", "networks.setUp"],
    ["volumes.mount", "rootfs.mount"],
    ["runtime.create", "networks.furnish"],
  ])("%s fails while %s goes on", async (fails, waits) => {
    const id = await created();
    host.calls.arrange(fails, "fails");
    host.calls.arrangeToo(waits, "waits");
    const failure = startContainer(host.deps, id).then(
      () => null,
      (error: unknown) => error,
    );
    await until(() => !host.calls.isArranged);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    host.calls.release();
    expect(String(await failure)).toContain(`${fails} failed`);
    await host.deps.live.settled();
    expect(host.world.taken()).toEqual([]);
    await livesAndGoes(id);
  });
});

describe("of a start that the daemon did not survive nothing is left", () => {
  const ways = (["dies before", "dies after"] as const).flatMap((what) =>
    [...start.entries()].map(([at, name]) => [what, at, name] as const),
  );
  test.each(ways)("%s %i: %s", async (what, at) => {
    const id = await created();
    await host.mishap(at, what, () => startContainer(host.deps, id));
    await host.boot();
    expect(host.world.taken()).toEqual([]);
    expect(host.record(id).state).toMatchObject({
      phase: "created",
      pid: 0,
      error: "the engine was interrupted during the start",
    });
    await livesAndGoes(id);
  });
});

describe("of a create that the daemon did not survive nothing is left", () => {
  const ways = (["dies before", "dies after"] as const).flatMap((what) =>
    [...creation.entries()].map(([at, name]) => [what, at, name] as const),
  );
  test.each(ways)("%s %i: %s", async (what, at) => {
    await host.mishap(at, what, created);
    await host.boot();
    expect(host.left()).toEqual([]);
  });
});

test("what cannot be given back is said, and given back by the next start", async () => {
  const id = await created();
  host.calls.arrange("runtime.start", "fails");
  host.calls.arrangeToo("networks.tearDown", "fails");
  await expect(startContainer(host.deps, id)).rejects.toThrow("runtime.start failed");
  await host.deps.live.settled();
  expect(host.world.taken()).toEqual([`sandbox ${id}`]);
  expect(host.record(id).state.error).toContain("runtime.start failed");
  expect(host.complaints.splice(0)).toEqual([
    `level=warn msg="cannot release a container's resource" container=${id} step=network ` +
      'error="networks.tearDown failed"\n',
  ]);
  await livesAndGoes(id);
});

test("a start that hangs holds up its own container only, and what was asked meanwhile comes after it", async () => {
  const [id, other] = [await created(), await created()];
  host.calls.arrange("networks.furnish", "waits");
  const starting = startContainer(host.deps, id);
  await until(() => !host.calls.isArranged);
  const removing = removeContainer(host.deps, id, { force: true, volumes: true });
  await livesAndGoesBeside(other, id);
  expect(host.record(id).state.phase).toBe("starting");
  host.calls.release();
  await Promise.all([starting, removing]);
  await host.deps.live.settled();
  expect(host.left()).toEqual([]);
});

async function livesAndGoesBeside(id: string, beside: string): Promise<void> {
  await startContainer(host.deps, id);
  await removeContainer(host.deps, id, { force: true, volumes: true });
  await host.deps.live.settled();
  expect(host.left().filter((line) => line.includes(id))).toEqual([]);
  expect(host.left().join()).toContain(`sandbox ${beside}`);
}

test("a container that removes itself goes with a start that fails", async () => {
  const id = await host.create({ AutoRemove: true });
  await host.mishap("runtime.create", "fails", () => startContainer(host.deps, id));
  await host.deps.live.settled();
  expect(host.left()).toEqual([]);
});
