import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
let id: string;
beforeAll(async () => {
  daemon = await Daemon.start();
  id = (
    await daemon.api("POST", "/containers/create?name=old-and-new", {
      Image: "busybox",
      Cmd: ["sleep", "1000"],
      HostConfig: { Annotations: { a: "b" } },
    })
  ).json.Id;
  await daemon.api("POST", `/containers/${id}/start`);
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const get = async (version: string, path: string) => (await daemon.api("GET", `/v${version}${path}`)).json;

test("images", async () => {
  const [now] = await get("1.56", "/images/json");
  expect(now).not.toHaveProperty("VirtualSize");
  expect(now.Containers).toBe(1);
  const [old] = await get("1.43", "/images/json");
  expect(old.VirtualSize).toBe(old.Size);
  expect(old.Containers).toBe(-1);
  const inspected = await get("1.43", "/images/busybox/json");
  expect(inspected).toMatchObject({
    VirtualSize: inspected.Size,
    Parent: "",
    DockerVersion: "",
    Container: "",
    Config: { Hostname: "", Tty: false },
  });
  expect((await get("1.52", "/images/busybox/json")).Config).not.toHaveProperty("Hostname");
});

test("containers", async () => {
  const now = await get("1.56", `/containers/${id}/json`);
  const old = await get("1.51", `/containers/${id}/json`);
  expect(now.NetworkSettings).not.toHaveProperty("IPAddress");
  expect(old.NetworkSettings).toMatchObject({
    IPAddress: now.NetworkSettings.Networks.bridge.IPAddress,
    Bridge: "",
    HairpinMode: false,
  });
  expect(now.HostConfig.Annotations).toEqual({ a: "b" });
  expect((await get("1.46", "/containers/json"))[0].HostConfig.Annotations).toEqual({ a: "b" });
  expect((await get("1.45", "/containers/json"))[0].HostConfig).not.toHaveProperty("Annotations");
});

test("creation by an old client has the defaults of its day", async () => {
  const make = async (version: string, body: Record<string, unknown>) => {
    const { json } = await daemon.api("POST", `/v${version}/containers/create`, {
      Image: "busybox",
      Cmd: ["true"],
      ...body,
    });
    return get("1.56", `/containers/${json.Id}/json`);
  };
  expect((await make("1.39", {})).HostConfig.IpcMode).toBe("shareable");
  expect((await make("1.40", {})).HostConfig.IpcMode).toBe("private");
  // The daemon's own default, on the cgroup version of this machine.
  expect((await make("1.56", {})).HostConfig.CgroupnsMode).toBe(
    existsSync("/sys/fs/cgroup/cgroup.controllers") ? "private" : "host",
  );
  expect((await make("1.56", { HostConfig: { Privileged: true } })).HostConfig.SecurityOpt).toEqual(["label=disable"]);
  expect((await make("1.42", { HostConfig: { Annotations: { a: "b" } } })).HostConfig.Annotations ?? {}).toEqual({});
  expect((await make("1.43", { MacAddress: "02:00:00:00:00:01" })).NetworkSettings.Networks.bridge).toBeDefined();
});

test("disk usage has the lists of old, the sums of today, or both", async () => {
  expect(Object.keys(await get("1.51", "/system/df")).sort()).toEqual([
    "BuildCache",
    "Containers",
    "Images",
    "LayersSize",
    "Volumes",
  ]);
  expect(Object.keys(await get("1.56", "/system/df")).sort()).toEqual([
    "BuildCache",
    "BuildCacheUsage",
    "ContainerUsage",
    "Containers",
    "ImageUsage",
    "Images",
    "LayersSize",
    "VolumeUsage",
    "Volumes",
  ]);
  const verbose = await get("1.56", "/system/df?verbose=1&type=image");
  expect(Object.keys(verbose)).toEqual(["ImageUsage"]);
  expect(verbose.ImageUsage.Items.length).toBe(1);
  expect((await get("1.43", "/system/df")).Images[0]).toHaveProperty("VirtualSize");
});

test("info", async () => {
  const { DriverStatus, Plugins } = await get("1.56", "/info");
  expect(DriverStatus[0]).toEqual(["Backing Filesystem", expect.stringMatching(/^[a-z0-9]+$/)]);
  expect(Plugins.Network).toEqual(["bridge", "host", "ipvlan", "macvlan", "null", "overlay"]);
  expect(await get("1.49", "/info")).toMatchObject({
    BridgeNfIptables: false,
    FirewallBackend: { Driver: "nftables" },
  });
  expect(await get("1.48", "/info")).not.toHaveProperty("FirewallBackend");
  expect(await get("1.48", "/info")).toMatchObject({ RuncCommit: { Expected: expect.any(String) } });
});
