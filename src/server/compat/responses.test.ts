import { describe, expect, test } from "bun:test";
import { downgrade } from "./responses.ts";
import { api, parseApiVersion } from "./version.ts";

describe("downgrade", () => {
  test("leaves the newest answer and the value alone", () => {
    const image = [{ Id: "a", Size: 3, RepoTags: [], RepoDigests: [], Containers: 2 }];
    expect(downgrade("ImageList", api("1.56"), image)).toBe(image);
    downgrade("ImageList", api("1.24"), image);
    expect(image).toEqual([{ Id: "a", Size: 3, RepoTags: [], RepoDigests: [], Containers: 2 }]);
  });
  test("images", () => {
    const image = [{ Id: "a", Size: 3, RepoTags: [], RepoDigests: [], Containers: 2, Descriptor: {} }];
    expect(downgrade("ImageList", api("1.43"), image)).toEqual([
      { Id: "a", Size: 3, VirtualSize: 3, RepoTags: [], RepoDigests: [], Containers: -1 },
    ]);
    expect(downgrade("ImageList", api("1.42"), image)).toMatchObject([
      { RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] },
    ]);
  });
  test("events", () => {
    const event = { Type: "container", Action: "start", Actor: { ID: "x", Attributes: { image: "busybox" } } };
    expect(downgrade("SystemEvents", api("1.51"), event)).toMatchObject({ status: "start", id: "x", from: "busybox" });
    expect(downgrade("SystemEvents", api("1.52"), event)).not.toHaveProperty("status");
    expect(downgrade("SystemEvents", api("1.24"), { ...event, Type: "network" })).not.toHaveProperty("status");
  });
  test("inspect", () => {
    const container = {
      Id: "0123456789abcdef",
      Config: { Hostname: "h" },
      Storage: { RootFS: { Snapshot: { Name: "overlayfs" } } },
      NetworkSettings: { Networks: { bridge: { IPAddress: "172.17.0.2", Aliases: null }, mine: { Aliases: ["a"] } } },
    };
    const old = downgrade("ContainerInspect", api("1.44"), container);
    expect(old).toMatchObject({
      GraphDriver: { Name: "overlayfs" },
      NetworkSettings: {
        IPAddress: "172.17.0.2",
        Bridge: "",
        Networks: { bridge: { Aliases: null }, mine: { Aliases: ["a", "0123456789ab", "h"] } },
      },
    });
    expect(old).not.toHaveProperty("Storage");
  });
  test("info", () => {
    expect(
      downgrade("SystemInfo", api("1.41"), {
        Runtimes: { crun: { path: "crun", status: {} } },
        RuncCommit: { ID: "x" },
        Containerd: {},
      }),
    ).toEqual({
      Runtimes: { crun: { path: "crun" } },
      RuncCommit: { ID: "x", Expected: "x" },
      BridgeNfIptables: false,
      BridgeNfIp6tables: false,
      KernelMemory: false,
      KernelMemoryTCP: false,
    });
  });
});

test("versions compare by number", () => {
  expect(parseApiVersion("1.9")).toBeLessThan(parseApiVersion("1.24") ?? 0);
  expect(parseApiVersion("2.0")).toBeGreaterThan(api("1.56"));
  for (const text of ["", ".", "1.", "x", "1..2"]) expect(parseApiVersion(text)).toBeNull();
});
