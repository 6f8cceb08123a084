import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { EventBus } from "../api/events.ts";
import { Filters } from "../api/filters.ts";
import { KeyedLock } from "../lib/lock.ts";
import { silent } from "../lib/log.ts";
import { nowNano } from "../linux/clock.ts";
import { isFields } from "../plugin/answer.ts";
import { Plugins } from "../plugin/plugins.ts";
import { RecordingPlugin } from "../plugin/testing.ts";
import { openStore } from "../store/store.ts";
import { createVolume } from "./create.ts";
import type { VolumeDeps } from "./deps.ts";
import { volumesDiskUsage } from "./disk-usage.ts";
import { builtinVolumeDrivers } from "./driver/builtin.ts";
import type { VolumeDriver } from "./driver/driver.ts";
import { VolumeDrivers } from "./driver/drivers.ts";
import { inspectVolume } from "./inspect.ts";
import { listVolumes } from "./list.ts";
import { mountVolume, reconcileVolumes, unmountVolume } from "./mount.ts";
import { pruneVolumes } from "./prune.ts";
import { removeVolume } from "./remove.ts";
import { renameVolume } from "./rename.ts";
import { updateRenamingTo } from "./table.ts";
import { takeVolume } from "./take.ts";

const driversOf = (builtin: ReadonlyMap<string, VolumeDriver>) =>
  new VolumeDrivers(builtin, new Plugins([], silent), silent);

let deps: VolumeDeps;
let root: string;
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/volumes-`);
  deps = {
    store: openStore(":memory:"),
    events: new EventBus(nowNano),
    log: silent,
    drivers: driversOf(builtinVolumeDrivers(root)),
    locks: new KeyedLock(),
  };
});
afterEach(() => rmSync(root, { recursive: true }));

const refer = (name: string, container: string) => {
  deps.store.run(
    "INSERT OR IGNORE INTO container (id, name, created, config_json, state_json) VALUES (?, ?, '', '{}', '{}')",
    [container, container],
  );
  deps.store.run("INSERT INTO container_volume VALUES (?, ?, '/d')", [container, name]);
};
const names = async (filters: Record<string, string[]>) =>
  (await listVolumes(deps, new Filters(Object.entries(filters)))).Volumes.map((v) => v.Name);

test("named and anonymous volumes", async () => {
  const named = await createVolume(deps, { Name: "data", Labels: { a: "b" } });
  expect(named).toMatchObject({
    Name: "data",
    Driver: "local",
    Scope: "local",
    Labels: { a: "b" },
    Mountpoint: `${root}/data/_data`,
  });
  expect(await createVolume(deps, { Name: "data", Labels: { c: "d" } })).toEqual(await inspectVolume(deps, "data"));
  const anonymous = await createVolume(deps, {});
  expect(anonymous.Name).toMatch(/^[0-9a-f]{64}$/);
  expect(anonymous.Labels).toEqual({ "com.docker.volume.anonymous": "" });
});

test.each([
  [{ Name: "a" }, "create a: volume name is too short, names should be at least two alphanumeric characters"],
  [
    { Name: "a/b" },
    'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" ' +
      "are allowed. If you intended to pass a host directory, use absolute path",
  ],
  [{ Name: "ab", DriverOpts: { x: "y" } }, 'create ab: invalid option: "x"'],
  [{ Name: "ab", DriverOpts: { type: "nfs" } }, 'create ab: missing required option: "device"'],
  [{ Name: "ab", Driver: "none" }, 'create ab: error looking up volume plugin none: plugin "none" not found'],
])("%p is refused", async (request, message) => {
  await expect(createVolume(deps, request)).rejects.toThrow(message);
});

test("a volume that a container refers to stays", async () => {
  await createVolume(deps, { Name: "data" });
  refer("data", "c1");
  await expect(removeVolume(deps, "data", { force: true })).rejects.toThrow("remove data: volume is in use - [c1]");
  await expect(renameVolume(deps, "data", "other")).rejects.toThrow("rename data: volume is in use - [c1]");
  deps.store.run("DELETE FROM container");
  await removeVolume(deps, "data");
  expect(existsSync(`${root}/data`)).toBe(false);
  await expect(removeVolume(deps, "data")).rejects.toThrow("get data: no such volume");
  await removeVolume(deps, "data", { force: true });
});

test("filters of the list", async () => {
  await createVolume(deps, { Name: "used", Labels: { a: "1" } });
  await createVolume(deps, { Name: "free" });
  refer("used", "c1");
  expect(await names({ dangling: ["true"] })).toEqual(["free"]);
  expect(await names({ dangling: ["0"] })).toEqual(["used"]);
  expect(await names({ name: ["us"] })).toEqual(["used"]);
  expect(await names({ label: ["a=1"] })).toEqual(["used"]);
  expect(await names({ driver: ["other"] })).toEqual([]);
  await expect(names({ what: ["x"] })).rejects.toThrow("invalid filter 'what'");
});

test("prune takes the anonymous ones, or all", async () => {
  await createVolume(deps, { Name: "named" });
  const { Name, Mountpoint } = await createVolume(deps, {});
  writeFileSync(`${Mountpoint}/f`, "12345");
  expect((await volumesDiskUsage(deps)).TotalSize).toBe(5);
  expect(await pruneVolumes(deps)).toEqual({ VolumesDeleted: [Name], SpaceReclaimed: 5 });
  expect((await pruneVolumes(deps, new Filters([["all", ["true"]]]))).VolumesDeleted).toEqual(["named"]);
});

test("a new name takes the data along", async () => {
  const { Mountpoint } = await createVolume(deps, { Name: "old" });
  writeFileSync(`${Mountpoint}/f`, "x");
  await renameVolume(deps, "old", "new");
  expect(existsSync(`${root}/new/_data/f`)).toBe(true);
  await expect(inspectVolume(deps, "old")).rejects.toThrow("get old: no such volume");
});

test.each([
  ["before", false],
  ["after", true],
])("a renaming that is cut off %s the data moved is finished at the next start", async (_, moved) => {
  const { Mountpoint } = await createVolume(deps, { Name: "old" });
  writeFileSync(`${Mountpoint}/f`, "x");
  updateRenamingTo(deps.store, "old", "new");
  if (moved) renameSync(`${root}/old`, `${root}/new`);
  await reconcileVolumes(deps, new Set());
  expect(await names({})).toEqual(["new"]);
  expect(existsSync(`${root}/new/_data/f`)).toBe(true);
  await reconcileVolumes(deps, new Set());
  expect(await names({})).toEqual(["new"]);
});

test("mounting a plain volume hands out its directory", async () => {
  await createVolume(deps, { Name: "data" });
  expect(await mountVolume(deps, "data", "c1")).toBe(`${root}/data/_data`);
  expect(await mountVolume(deps, "data", "c1")).toBe(`${root}/data/_data`);
  await unmountVolume(deps, "data", "c1");
  await unmountVolume(deps, "gone", "c1");
});

test("a plugin's volume of another engine is taken as it is, and mounted under an id of its own", async () => {
  mkdirSync(`${root}/far`);
  using plugin = new RecordingPlugin(`${root}/far.sock`, {
    "Plugin.Activate": { Implements: ["VolumeDriver"] },
    "VolumeDriver.Get": { Volume: { Name: "data" } },
    "VolumeDriver.Mount": { Mountpoint: `${root}/far` },
  });
  deps.drivers = new VolumeDrivers(builtinVolumeDrivers(root), new Plugins([root], silent), silent);
  await takeVolume(deps, { name: "data", driver: "far", labels: null, options: { a: "b" } }, { kind: "none" });
  expect(plugin.methods()).toEqual(["Plugin.Activate", "VolumeDriver.Capabilities"]);
  expect(await mountVolume(deps, "data", "c1")).toBe(`${root}/far`);
  expect(await mountVolume(deps, "data", "c1")).toBe(`${root}/far`);
  await unmountVolume(deps, "data", "c1");
  const ids = plugin.asked.flatMap(({ body }) =>
    isFields(body) && typeof body["ID"] === "string" ? [body["ID"]] : [],
  );
  expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
  const kinds = plugin.methods().map((method) => method.replace("VolumeDriver.", ""));
  expect(kinds).toEqual(["Get", "Mount", "Get", "Unmount"]);
});

test("a driver is told who mounts and who goes, a crash between them included", async () => {
  const calls: unknown[][] = [];
  const local = builtinVolumeDrivers(root).get("local");
  if (!local) throw new Error("no local driver");
  const remote: VolumeDriver = {
    ...local,
    name: "remote",
    scope: "global",
    prunable: () => false,
    size: async () => null,
    path: async (name) => `/far/${name}`,
    mount: async (name, _options, callerId) => `/far/${calls.push(["mount", name, callerId]) && name}`,
    unmount: async (name, _options, callerId, others) => void calls.push(["unmount", name, callerId, others]),
  };
  deps.drivers = driversOf(new Map([...deps.drivers.builtin, ["remote", remote]]));
  const { Mountpoint, Scope, Driver } = await createVolume(deps, { Name: "data", Driver: "remote" });
  expect([Mountpoint, Scope, Driver]).toEqual(["/far/data", "global", "remote"]);
  for (const id of ["c1", "c2", "c3"]) await mountVolume(deps, "data", id);
  await unmountVolume(deps, "data", "c1");
  expect(calls.splice(0)).toEqual([
    ["mount", "data", "c1"],
    ["mount", "data", "c2"],
    ["mount", "data", "c3"],
    ["unmount", "data", "c1", 2],
  ]);
  await reconcileVolumes(deps, new Set(["c3"]));
  expect(calls.splice(0)).toEqual([["unmount", "data", "c2", 1]]);
  await reconcileVolumes(deps, new Set());
  expect(calls).toEqual([
    ["unmount", "data", "c3", 0],
    ["unmount", "data", null, 0],
  ]);
  expect((await volumesDiskUsage(deps)).Items).toEqual([]);
  expect((await pruneVolumes(deps, new Filters([["all", ["true"]]]))).VolumesDeleted).toEqual([]);
  expect(await names({ driver: ["remote"] })).toEqual(["data"]);
});
