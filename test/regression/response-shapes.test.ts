/** Answers have every field that Docker's have, nothing and zero among them; and null where Docker has null. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Daemon } from "../harness.ts";

let daemon: Daemon;
let created: string;
let running: string;
let ended: string;
beforeAll(async () => {
  daemon = await Daemon.start();
  const make = async (body: object) =>
    (await daemon.api("POST", "/containers/create", { Image: "busybox", ...body })).json.Id;
  created = await make({ Cmd: ["true"] });
  running = await make({ Cmd: ["sleep", "1000"] });
  ended = await make({ Cmd: ["true"] });
  for (const id of [running, ended]) await daemon.api("POST", `/containers/${id}/start`);
  await daemon.api("POST", `/containers/${ended}/wait`);
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const get = async (path: string) => (await daemon.api("GET", path)).json;

const noCpu = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};
const zero = "0001-01-01T00:00:00Z";

describe("stats", () => {
  test.each(["?stream=0", "?stream=0&one-shot=1"])("of what does not run are zeros: %s", async (query) => {
    for (const id of [created, ended]) {
      const { id: own, name, ...stats } = await get(`/v1.51/containers/${id}/stats${query}`);
      expect(own).toBe(id);
      expect(name).toStartWith("/");
      expect(stats).toEqual({
        read: zero,
        preread: zero,
        pids_stats: {},
        num_procs: 0,
        storage_stats: {},
        cpu_stats: noCpu,
        precpu_stats: noCpu,
        memory_stats: {},
        blkio_stats: {
          io_service_bytes_recursive: null,
          io_serviced_recursive: null,
          io_queue_recursive: null,
          io_service_time_recursive: null,
          io_wait_time_recursive: null,
          io_merged_recursive: null,
          io_time_recursive: null,
          sectors_recursive: null,
        },
      });
    }
  });
  test("of a stream too", async () => {
    const response = await fetch(`http://d/containers/${created}/stats`, { unix: daemon.socket });
    const reader = response.body?.getReader();
    const first = JSON.parse(Buffer.from((await reader?.read())?.value ?? []).toString());
    await reader?.cancel();
    expect(first).toMatchObject({ read: zero, cpu_stats: noCpu, num_procs: 0 });
  });
  test("of what runs name every value of the kernel's", async () => {
    const { memory_stats } = await get(`/v1.51/containers/${running}/stats?stream=0&one-shot=1`);
    const key = "hierarchical_memory_limit" in memory_stats.stats ? "hierarchical_memory_limit" : "file";
    expect(memory_stats.stats[key]).toBeNumber();
    expect(memory_stats.limit).toBeGreaterThan(0);
    // Version 1 of cgroups has its limits among the counters; they must fit Go's 64 bits as they are written.
    if (key !== "file") expect(BigInt(memory_stats.stats[key])).toBeLessThan(2n ** 63n);
  });
});

test("a container made without lists has none", async () => {
  const { HostConfig, Config, LogPath, GraphDriver } = await get(`/v1.51/containers/${created}/json`);
  for (const field of [
    "Binds",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
    "BlkioWeightDevice",
    "CapAdd",
    "Devices",
    "DeviceRequests",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "ExtraHosts",
    "Links",
    "PortBindings",
    "Ulimits",
    "VolumesFrom",
  ])
    expect([field, HostConfig[field]]).toEqual([field, null]);
  expect(Config.Env).toBeNull();
  expect(LogPath).toBe("");
  expect(GraphDriver.Data.ID).toBe(created);
  // Those that were given stay, empty or not.
  const { Id } = (
    await daemon.api("POST", "/containers/create", {
      Image: "busybox",
      HostConfig: { Dns: [], Devices: [], Ulimits: [], PortBindings: {} },
    })
  ).json;
  expect((await get(`/v1.51/containers/${Id}/json`)).HostConfig).toMatchObject({
    Dns: [],
    Devices: [],
    Ulimits: [],
    PortBindings: {},
  });
});

test("volumes without labels and options", async () => {
  expect((await daemon.api("POST", "/volumes/create", { Name: "bare" })).json).toMatchObject({
    Labels: null,
    Options: null,
  });
  expect(
    (await daemon.api("POST", "/volumes/create", { Name: "empty", Labels: {}, DriverOpts: {} })).json,
  ).toMatchObject({ Labels: {}, Options: {} });
  await daemon.restart();
  expect(await get("/volumes/bare")).toMatchObject({ Labels: null, Options: null });
  expect(await get("/volumes/empty")).toMatchObject({ Labels: {}, Options: {} });
  expect((await daemon.api("POST", "/volumes/create", {})).json).toMatchObject({
    Labels: { "com.docker.volume.anonymous": "" },
    Options: null,
  });
  expect((await get("/volumes")).Warnings).toBeNull();
  // One without options is measured, and pruned, as before.
  const { Volumes } = await get("/v1.51/system/df");
  expect(Volumes.find((volume: { Name: string }) => volume.Name === "bare").UsageData.RefCount).toBe(0);
  expect(
    (await daemon.api("POST", "/volumes/prune?filters=%7B%22all%22%3A%5B%22true%22%5D%7D")).json.VolumesDeleted,
  ).toContain("bare");
});

test("networks", async () => {
  expect((await get("/v1.51/networks")).map((network: { Containers: object }) => network.Containers)).toEqual([
    {},
    {},
    {},
  ]);
  expect((await get("/networks/host")).IPAM).toEqual({ Driver: "default", Options: null, Config: null });
  expect(Object.keys(await get("/v1.51/networks/bridge")).slice(-3)).toEqual(["Containers", "Options", "Labels"]);
});

test("lists of containers and images", async () => {
  const [{ NetworkSettings, SizeRootFs, ...rest }] = await get(
    `/v1.51/containers/json?all=1&size=1&filters=${encodeURIComponent(JSON.stringify({ id: [created] }))}`,
  );
  expect(NetworkSettings.Networks.bridge.DNSNames).toBeNull();
  expect(SizeRootFs).toBeGreaterThan(0);
  expect(rest).not.toHaveProperty("SizeRw");
  expect((await get("/v1.51/images/json"))[0].Labels).toBeNull();
  expect((await get("/v1.42/images/json"))[0].RepoDigests).toBeNull();
  const usage = await get("/v1.51/system/df");
  expect(usage.Containers[0]).not.toHaveProperty("Health");
  expect(usage.Images[0].RepoDigests).toBeNull();
  expect((await get("/v1.41/system/df")).BuilderSize).toBe(0);
  expect(await get(`/containers/${created}/changes`)).toBeNull();
});

test("info", async () => {
  expect(await get("/v1.51/info")).toMatchObject({
    Plugins: { Authorization: null },
    RegistryConfig: { Mirrors: null },
    GenericResources: null,
    KernelMemoryTCP: expect.any(Boolean),
    CDISpecDirs: ["/etc/cdi", "/var/run/cdi"],
  });
  expect(await get("/v1.41/info")).toHaveProperty("KernelMemory");
});
