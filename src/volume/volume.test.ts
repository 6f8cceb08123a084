import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { EventBus } from "../api/events.ts";
import { Filters } from "../api/filters.ts";
import { KeyedLock } from "../lib/lock.ts";
import { silent } from "../lib/log.ts";
import { openStore } from "../store/store.ts";
import type { VolumeContext } from "./context.ts";
import { createVolume } from "./create.ts";
import { volumesDiskUsage } from "./disk-usage.ts";
import { inspectVolume } from "./inspect.ts";
import { listVolumes } from "./list.ts";
import { mountVolume, reconcileVolumes, unmountVolume } from "./mount.ts";
import { pruneVolumes } from "./prune.ts";
import { removeVolume } from "./remove.ts";
import { renameVolume } from "./rename.ts";
import { updateRenamingTo } from "./table.ts";

let ctx: VolumeContext;
beforeEach(() => {
  ctx = { store: openStore(":memory:"), events: new EventBus(), log: silent, root: mkdtempSync(`${tmpdir()}/volumes-`), locks: new KeyedLock() };
});
afterEach(() => rmSync(ctx.root, { recursive: true }));

const refer = (name: string, container: string) => {
  ctx.store.run("INSERT OR IGNORE INTO container (id, name, created, config_json, state_json) VALUES (?, ?, '', '{}', '{}')", [container, container]);
  ctx.store.run("INSERT INTO container_volume VALUES (?, ?, '/d')", [container, name]);
};
const names = async (filters: Record<string, string[]>) => (await listVolumes(ctx, new Filters(Object.entries(filters)))).Volumes.map((v) => v.Name);

test("named and anonymous volumes", async () => {
  const named = await createVolume(ctx, { Name: "data", Labels: { a: "b" } });
  expect(named).toMatchObject({ Name: "data", Driver: "local", Scope: "local", Labels: { a: "b" }, Mountpoint: `${ctx.root}/data/_data` });
  expect(await createVolume(ctx, { Name: "data", Labels: { c: "d" } })).toEqual(await inspectVolume(ctx, "data"));
  const anonymous = await createVolume(ctx, {});
  expect(anonymous.Name).toMatch(/^[0-9a-f]{64}$/);
  expect(anonymous.Labels).toEqual({ "com.docker.volume.anonymous": "" });
});

test.each([
  [{ Name: "a" }, "create a: volume name is too short, names should be at least two alphanumeric characters"],
  [{ Name: "a/b" }, 'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'],
  [{ Name: "ab", DriverOpts: { x: "y" } }, 'create ab: invalid option: "x"'],
  [{ Name: "ab", DriverOpts: { type: "nfs" } }, 'create ab: missing required option: "device"'],
  [{ Name: "ab", Driver: "none" }, 'create ab: error looking up volume plugin none: plugin "none" not found'],
])("%p is refused", async (request, message) => {
  await expect(createVolume(ctx, request)).rejects.toThrow(message);
});

test("a volume that a container refers to stays", async () => {
  await createVolume(ctx, { Name: "data" });
  refer("data", "c1");
  await expect(removeVolume(ctx, "data", { force: true })).rejects.toThrow("remove data: volume is in use - [c1]");
  await expect(renameVolume(ctx, "data", "other")).rejects.toThrow("rename data: volume is in use - [c1]");
  ctx.store.run("DELETE FROM container");
  await removeVolume(ctx, "data");
  expect(existsSync(`${ctx.root}/data`)).toBe(false);
  await expect(removeVolume(ctx, "data")).rejects.toThrow("get data: no such volume");
  await removeVolume(ctx, "data", { force: true });
});

test("filters of the list", async () => {
  await createVolume(ctx, { Name: "used", Labels: { a: "1" } });
  await createVolume(ctx, { Name: "free" });
  refer("used", "c1");
  expect(await names({ dangling: ["true"] })).toEqual(["free"]);
  expect(await names({ dangling: ["0"] })).toEqual(["used"]);
  expect(await names({ name: ["us"] })).toEqual(["used"]);
  expect(await names({ label: ["a=1"] })).toEqual(["used"]);
  expect(await names({ driver: ["other"] })).toEqual([]);
  await expect(names({ what: ["x"] })).rejects.toThrow("invalid filter 'what'");
});

test("prune takes the anonymous ones, or all", async () => {
  await createVolume(ctx, { Name: "named" });
  const { Name, Mountpoint } = await createVolume(ctx, {});
  writeFileSync(`${Mountpoint}/f`, "12345");
  expect((await volumesDiskUsage(ctx)).TotalSize).toBe(5);
  expect(await pruneVolumes(ctx)).toEqual({ VolumesDeleted: [Name], SpaceReclaimed: 5 });
  expect((await pruneVolumes(ctx, new Filters([["all", ["true"]]]))).VolumesDeleted).toEqual(["named"]);
});

test("a new name takes the data along", async () => {
  const { Mountpoint } = await createVolume(ctx, { Name: "old" });
  writeFileSync(`${Mountpoint}/f`, "x");
  await renameVolume(ctx, "old", "new");
  expect(existsSync(`${ctx.root}/new/_data/f`)).toBe(true);
  await expect(inspectVolume(ctx, "old")).rejects.toThrow("get old: no such volume");
});

test.each([["before", false], ["after", true]])("a renaming that is cut off %s the data moved is finished at the next start", async (_, moved) => {
  const { Mountpoint } = await createVolume(ctx, { Name: "old" });
  writeFileSync(`${Mountpoint}/f`, "x");
  updateRenamingTo(ctx.store, "old", "new");
  if (moved) renameSync(`${ctx.root}/old`, `${ctx.root}/new`);
  await reconcileVolumes(ctx, new Set());
  expect(await names({})).toEqual(["new"]);
  expect(existsSync(`${ctx.root}/new/_data/f`)).toBe(true);
  await reconcileVolumes(ctx, new Set());
  expect(await names({})).toEqual(["new"]);
});

test("mounting a plain volume hands out its directory", async () => {
  await createVolume(ctx, { Name: "data" });
  expect(await mountVolume(ctx, "data", "c1")).toBe(`${ctx.root}/data/_data`);
  expect(await mountVolume(ctx, "data", "c1")).toBe(`${ctx.root}/data/_data`);
  await unmountVolume(ctx, "data", "c1");
  await unmountVolume(ctx, "gone", "c1");
});
