/** Disks and files that are full: a clear error at most, and all goes on when there is room. */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { Managers, secret, until } from "./managers.ts";

const large = (ID: string, fill = "b") =>
  ({ put: "config", object: { ID, Spec: { Name: ID, Labels: {}, Data: fill.repeat(200_000) } } }) as const;

test("the disk of one member is full: the others go on, and it comes back when there is room", async () => {
  await using rig = await Managers.start(3, { disk: { number: 3, megabytes: 180 } });
  const [first, , third] = rig.all;
  if (!first || !third) throw new Error("no manager");
  const before = rig.pid(third);
  const ballast = `${third.dataDir}/ballast`;
  expect(() => writeFileSync(ballast, Buffer.alloc(180 * 1024 * 1024))).toThrow("ENOSPC");
  for (let i = 0; i < 60; i++) await first.backing.store.commit([large(`c${i}`)]);
  await until(() => rig.pid(third) !== before);
  await first.backing.store.commit([secret("while it was away")]);
  rmSync(ballast);
  await until(() => third.backing.store.state.get("secret", "while it was away") !== undefined);
  await third.backing.store.commit([secret("by itself")]);
  expect([...third.backing.store.state.all("config")]).toHaveLength(60);
});

test("a file that is full of the past: writes are refused in clear words, then made room for", async () => {
  await using rig = await Managers.start(1, { quota: 16 * 1024 * 1024 });
  const store = rig.all[0]?.backing.store;
  if (!store) throw new Error("no manager");
  const full = (async () => {
    for (let i = 0; i < 200; i++) await store.commit([large("same", "abc"[i % 3])]);
  })();
  expect(await Promise.allSettled([full])).toMatchObject([
    {
      status: "rejected",
      reason: { kind: "unavailable", message: "the cluster's memory is full: etcd takes no writes" },
    },
  ]);
  const index = store.state.index;
  let written = 0;
  for (const end = Date.now() + 30_000; written === 0 && Date.now() < end; await Bun.sleep(200))
    written = await store.commit([secret("after")]).catch(() => 0);
  expect(written).toBeGreaterThan(index);
  expect(store.state.get("config", "same")).toBeDefined();
});
