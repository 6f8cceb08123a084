import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { pluginConfig } from "../api/schema/plugin.ts";
import { capabilityOf, kindsOf } from "./capability.ts";
import { hostPath as pathOnHost } from "./host-path.ts";
import { privilegesOf, requirePrivileges } from "./privileges.ts";
import { withSettings } from "./set.ts";
import { carriedOver, initialSettings } from "./settings.ts";

const config = pluginConfig(
  {
    Env: [{ Name: "FIX", Value: "1" }, { Name: "N", Settable: ["value"], Value: "x" }, { Name: "BARE" }],
    Mounts: [
      { Name: "src", Source: "/a", Destination: "/b", Type: "bind", Settable: ["source"] },
      { Name: "none", Destination: "/c", Settable: ["source"] },
    ],
    Linux: { Capabilities: ["CAP_SYS_ADMIN"], Devices: [{ Name: "fuse", Path: "/dev/fuse", Settable: ["path"] }] },
    Args: { Name: "args", Settable: ["value"], Value: ["one"] },
    Network: { Type: "host" },
    PidHost: true,
  },
  "PluginConfig",
);
const fresh = initialSettings(config);
const set = (...given: string[]) => withSettings(config, fresh, given);

test("what nobody has set is what the configuration says", () => {
  expect(fresh.Env).toEqual(["FIX=1", "N=x"]);
  expect(fresh.Args).toEqual(["one"]);
  expect(fresh.Mounts.map(({ Source }) => Source)).toEqual(["/a", null]);
});

test("settings by name, with the one field that may be set or without it", () => {
  expect(set("N=y=z").Env).toEqual(["FIX=1", "N=y=z"]);
  expect(set("N").Env).toEqual(["FIX=1", "N="]);
  expect(set("args=a b").Args).toEqual(["a", "b"]);
  expect(set("src.source=/q", "fuse=/dev/null")).toMatchObject({
    Mounts: [{ Source: "/q" }, {}],
    Devices: [{ Path: "/dev/null" }],
  });
  expect(fresh.Mounts[0]?.Source).toBe("/a");
});

test.each([
  ["NOPE=1", 'setting "NOPE" not found in the plugin configuration'],
  ["FIX=2", '"FIX" is not settable'],
  ["BARE=2", '"BARE" is not settable'],
  ["src.type=x", '"src.type" is not settable'],
  ["N.foo=x", '"N.foo" is not settable'],
  ["=x", "invalid format, must be <name>[.<field>][=<value>]"],
  ["none=/x", "Plugin config has no mount source"],
])("%s is refused", (given, words) => {
  expect(() => set(given)).toThrow(words);
});

test("an upgrade keeps what was set, where it may still be set", () => {
  const before = set("N=y", "src=/q", "args=a b");
  const next = pluginConfig(
    {
      Env: [
        { Name: "N", Settable: ["value"], Value: "new" },
        { Name: "MORE", Value: "2" },
      ],
      Mounts: [{ Name: "src", Source: "/z", Destination: "/b" }],
      Args: { Name: "args", Value: ["two"] },
    },
    "PluginConfig",
  );
  expect(carriedOver(config, before)).toEqual(before);
  expect(carriedOver(next, before)).toMatchObject({
    Env: ["N=y", "MORE=2"],
    Mounts: [{ Source: "/z" }],
    Args: ["two"],
  });
});

test("privileges are asked for in Docker's order and words, and must be granted exactly", () => {
  const wanted = privilegesOf(config);
  expect(wanted.map(({ Name, Value }) => [Name, ...Value])).toEqual([
    ["network", "host"],
    ["host pid namespace", "true"],
    ["mount", "/a"],
    ["device", "/dev/fuse"],
    ["capabilities", "CAP_SYS_ADMIN"],
  ]);
  requirePrivileges(config, wanted.toReversed());
  expect(() => requirePrivileges(config, wanted.slice(1))).toThrow("incorrect privileges");
  const more = [...wanted, { Name: "mount", Description: "", Value: ["/etc"] }];
  expect(() => requirePrivileges(config, more)).toThrow("incorrect privileges");
});

test("the kinds that the types of an interface stand for", () => {
  expect(capabilityOf("docker.volumedriver/1.0")).toBe("volumedriver");
  expect(capabilityOf("x")).toBe("x");
  expect(kindsOf(["docker.volumedriver/1.0", "docker.logdriver/1.0", "docker.dummy/1.0"])).toEqual([
    "VolumeDriver",
    "LogDriver",
  ]);
});

test("a configuration of the wrong shape is refused with the field's name", () => {
  expect(() => pluginConfig({ Env: "q" }, "PluginConfig")).toThrow("PluginConfig.Env");
});

test("a socket is one name, and paths of a plugin lead nowhere else", () => {
  const socket = (Socket: string) => () => pluginConfig({ Interface: { Socket } }, "PluginConfig");
  expect(socket("plugin.sock")().Interface.Socket).toBe("plugin.sock");
  for (const bad of ["../other.sock", "/run/other.sock", ".."]) expect(socket(bad)).toThrow("is no name of a file");
  const root = mkdtempSync("/tmp/berth-plugin-path-");
  try {
    const paths = { propagated: () => `${root}/shared`, rootfs: () => `${root}/rootfs` };
    for (const path of ["shared/there", "rootfs/etc"]) mkdirSync(`${root}/${path}`, { recursive: true });
    symlinkSync("/etc", `${root}/shared/absolute`);
    symlinkSync("../../..", `${root}/shared/upwards`);
    symlinkSync("/nowhere", `${root}/shared/dangling`);
    const at = (path: string) =>
      pathOnHost(paths, { id: "p", rootfs: "rootfs", config: { PropagatedMount: "/data" } }, path);
    expect(at("/data/there")).toBe(`${root}/shared/there`);
    expect(at("/data/not/yet")).toBe(`${root}/shared/not/yet`);
    expect(at("/etc/hosts")).toBe(`${root}/rootfs/etc/hosts`);
    expect(at("/data/../etc")).toBe(`${root}/rootfs/etc`);
    for (const path of ["/data/absolute/hosts", "/data/dangling", "/data/dangling/below"])
      expect(() => at(path)).toThrow("a link of the plugin's that leads nowhere");
    expect(at("/data/upwards/etc")).toBe(`${root}/shared/etc`);
  } finally {
    rmSync(root, { recursive: true });
  }
});
