/** Nothing that was acknowledged is lost, and nothing is done twice, whatever becomes of members and networks. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ClusterStore } from "../../../src/cluster/store/store.ts";
import { Managers, secret, until, writing } from "./managers.ts";

let rig: Managers;
beforeAll(async () => {
  rig = await Managers.start(3);
});
afterAll(() => rig[Symbol.asyncDispose]());

const idsIn = (store: ClusterStore, prefix: string) =>
  [...store.state.all("secret")].map(({ ID }) => ID).filter((id) => id.startsWith(prefix));
const stores = () => rig.all.map(({ backing }) => backing.store);

/** Every manager's mirror shows what was acknowledged. */
async function allThere(prefix: string, acknowledged: readonly string[]): Promise<void> {
  for (const store of stores()) {
    await store.sync();
    const ids = new Set(idsIn(store, prefix));
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  }
}

test("kill -9 of the leading member: writes wait, all are done, once", async () => {
  const leader = await rig.raftLeader();
  const writers = rig.all.map(({ name, backing }) => writing(backing.store, `kill-${name}-`));
  await until(() => writers.every(({ acknowledged }) => acknowledged.length > 20));
  const before = rig.pid(leader);
  process.kill(before, "SIGKILL");
  await Bun.sleep(500);
  const counts = writers.map(({ acknowledged }) => acknowledged.length);
  await until(() => writers.every(({ acknowledged }, i) => acknowledged.length > (counts[i] ?? 0) + 20));
  const results = await Promise.all(writers.map(({ stop }) => stop()));
  expect(results.flatMap(({ failed }) => failed)).toEqual([]);
  await allThere(
    "kill-",
    results.flatMap(({ acknowledged }) => acknowledged),
  );
  expect(rig.pid(leader)).not.toBe(before);
  expect(Math.max(...results.map(({ longest }) => longest))).toBeLessThan(6000);
});

test("a manager that is cut off reads what it knows and writes nothing; the others go on", async () => {
  const lonely = await rig.raftLeader();
  const others = rig.all.filter((each) => each !== lonely);
  const heal = await rig.cut(lonely);
  const refused = lonely.backing.store.commit([{ ...secret("cut-lonely"), at: 0 }]);
  const writers = others.map(({ name, backing }) => writing(backing.store, `cut-${name}-`));
  await until(() => writers.every(({ acknowledged }) => acknowledged.length > 20));
  expect(await Promise.allSettled([refused])).toMatchObject([
    { status: "rejected", reason: { kind: "unavailable", message: expect.stringContaining("does not have a leader") } },
  ]);
  expect(idsIn(lonely.backing.store, "kill-").length).toBeGreaterThan(20);
  await heal();
  const results = await Promise.all(writers.map(({ stop }) => stop()));
  expect(results.flatMap(({ failed }) => failed)).toEqual([]);
  await allThere(
    "cut-",
    results.flatMap(({ acknowledged }) => acknowledged),
  );
  await lonely.backing.store.commit([{ ...secret("cut-healed"), at: 0 }]);
  expect(idsIn(lonely.backing.store, "cut-lonely")).toEqual([]);
  expect(Math.max(...results.map(({ longest }) => longest))).toBeLessThan(6000);
});

test("all members die: what was acknowledged is there when they are back", async () => {
  const writers = rig.all.map(({ name, backing }) => writing(backing.store, `all-${name}-`));
  await until(() => writers.every(({ acknowledged }) => acknowledged.length > 20));
  for (const manager of rig.all) process.kill(rig.pid(manager), "SIGKILL");
  await Bun.sleep(300);
  const counts = writers.map(({ acknowledged }) => acknowledged.length);
  await until(() => writers.every(({ acknowledged }, i) => acknowledged.length > (counts[i] ?? 0) + 5));
  const results = await Promise.all(writers.map(({ stop }) => stop()));
  expect(results.flatMap(({ failed }) => failed)).toEqual([]);
  await allThere(
    "all-",
    results.flatMap(({ acknowledged }) => acknowledged),
  );
  expect(Math.max(...results.map(({ longest }) => longest))).toBeLessThan(6000);
});

test("a leader that was cut off cannot write any more, even when its etcd is back", async () => {
  const fenced = new Map<string, ClusterStore>();
  const lost: string[] = [];
  const standing = rig.all.map(({ name, backing }) =>
    backing.campaign(async (signal, store) => {
      fenced.set(name, store);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      lost.push(name);
    }),
  );
  await until(() => fenced.size === 1);
  const [former = ""] = fenced.keys();
  const manager = rig.all.find(({ name }) => name === former);
  if (!manager) throw new Error("nobody leads");
  await fenced.get(former)?.commit([secret("fence-in-time")]);
  const from = performance.now();
  const heal = await rig.cut(manager);
  await until(() => fenced.size === 2);
  expect(performance.now() - from).toBeLessThan(9000);
  await until(() => lost.includes(former), 5000);
  await heal();
  await manager.backing.store.sync();
  const late = await Promise.allSettled([fenced.get(former)?.commit([secret("fence-late")])]);
  expect(late).toMatchObject([{ status: "rejected", reason: { kind: "unavailable" } }]);
  await manager.backing.store.sync();
  expect(idsIn(manager.backing.store, "fence-")).toEqual(["fence-in-time"]);
  for (const one of standing) one[Symbol.dispose]();
});
