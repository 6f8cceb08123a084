import { describe, expect, test } from "bun:test";
import type { Resources } from "../../api/types/container.ts";
import { upgradeCreate, upgradeUpdate } from "./requests.ts";
import { api } from "./version.ts";

const host = { cgroupV2: false };

describe("create", () => {
  test("of an old client gets the defaults of its day", () => {
    const { body } = upgradeCreate(
      api("1.39"),
      { Image: "x", HostConfig: { Annotations: { a: "b" }, ConsoleSize: [1, 2] } },
      host,
    );
    expect(body.HostConfig).toMatchObject({ IpcMode: "shareable", CgroupnsMode: "host" });
    expect(body.HostConfig).not.toHaveProperty("Annotations");
    expect(body.HostConfig).not.toHaveProperty("ConsoleSize");
    expect(upgradeCreate(api("1.56"), { HostConfig: { ConsoleSize: [1, 2] } }, host).body.HostConfig).toEqual({
      ConsoleSize: [1, 2],
    });
  });
  test("moves the MAC address to its endpoint", () => {
    const mac = "02:00:00:00:00:01";
    expect(upgradeCreate(api("1.41"), { MacAddress: mac }, host).body).toEqual({
      HostConfig: {},
      NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress: mac } } },
    });
    expect(upgradeCreate(api("1.47"), { MacAddress: mac, HostConfig: { NetworkMode: "mine" } }, host)).toMatchObject({
      body: { NetworkingConfig: { EndpointsConfig: { mine: { MacAddress: mac } } } },
      warnings: [expect.stringContaining("deprecated")],
    });
    expect(() => upgradeCreate(api("1.41"), { MacAddress: mac, HostConfig: { NetworkMode: "host" } }, host)).toThrow(
      "conflicting options",
    );
    expect(() => upgradeCreate(api("1.52"), { MacAddress: mac }, host)).toThrow("no longer supported");
  });
  test("refuses what its version did not have", () => {
    expect(() => upgradeCreate(api("1.43"), { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } }, host)).toThrow(
      "multiple network endpoints",
    );
    expect(() => upgradeCreate(api("1.47"), { HostConfig: { Mounts: [{ Type: "image" }] } }, host)).toThrow("1.48");
    expect(() => upgradeCreate(api("1.40"), { HostConfig: { Capabilities: ["x"] } }, host)).toThrow("Capabilities");
  });
  test("fills empty port bindings", () => {
    const body = { HostConfig: { PortBindings: { "80/tcp": [] } } };
    expect(upgradeCreate(api("1.56"), body, host)).toMatchObject({
      body: { HostConfig: { PortBindings: { "80/tcp": [{}] } } },
      warnings: [expect.stringContaining("80/tcp")],
    });
    expect(body.HostConfig.PortBindings["80/tcp"]).toEqual([]);
  });
});

test("update", () => {
  expect(upgradeUpdate<Resources>(api("1.54"), { PidsLimit: -1, Memory: 5, BlkioDeviceReadBps: [] })).toEqual({
    PidsLimit: 0,
    Memory: 5,
  });
  expect(upgradeUpdate<Resources>(api("1.39"), { PidsLimit: 3 })).toEqual({});
});
