import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DaemonConfig } from "./config.ts";
import { daemonHelp, parseDaemonArguments } from "./flags.ts";
import { loadConfig } from "./load.ts";
import { parseSize } from "./size.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-config-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const environment = {
  notifySocket: null,
  listenFds: 0,
  systemBus: "/run/dbus/system_bus_socket",
  proxies: { http: "http://env:1", https: "", no: "" },
};

function load(argv: string[], file?: unknown): DaemonConfig {
  const path = join(directory, "daemon.json");
  rmSync(path, { force: true });
  if (file !== undefined) writeFileSync(path, typeof file === "string" ? file : JSON.stringify(file));
  return loadConfig(parseDaemonArguments(["--config-file", path, ...argv]), environment);
}

describe("flags", () => {
  test("all their forms", () => {
    const config = load([
      "-D",
      "-H",
      "unix:///a",
      "-Htcp://127.0.0.1:1",
      "--host=fd://",
      "--label",
      "a=b,c",
      "--label=d=e",
      "--dns",
      "1.1.1.1,8.8.8.8",
      "--log-opt",
      "max-size=1m",
      "--add-runtime",
      "mine=/usr/bin/mine",
      "--default-ulimit",
      "nofile=10:20",
      "--exec-opt",
      "native.cgroupdriver=systemd",
      "--icc=false",
      "--shutdown-timeout",
      "3",
      "--default-shm-size",
      "1g",
      "--default-network-opt",
      "bridge=com.docker.network.driver.mtu=1234",
      "--default-network-opt",
      "bridge=a=b",
      "--containerd",
      "/run/containerd.sock",
      "--tls=false",
    ]);
    expect(config).toMatchObject({
      debug: true,
      hosts: ["unix:///a", "tcp://127.0.0.1:1", "fd://"],
      labels: ["a=b,c", "d=e"],
      dns: { servers: ["1.1.1.1", "8.8.8.8"] },
      logOpts: { "max-size": "1m" },
      runtimes: { mine: { path: "/usr/bin/mine" } },
      ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }],
      cgroupDriver: "systemd",
      bridge: { icc: false },
      shutdownTimeout: 3,
      shmSize: 2 ** 30,
      networkOptions: { bridge: { "com.docker.network.driver.mtu": "1234", a: "b" } },
      warnings: ["the option containerd has no effect on this engine"],
    });
  });
  test("defaults", () => {
    expect(load([])).toMatchObject({
      hosts: ["unix:///run/berth/berth.sock"],
      dataRoot: "/var/lib/berth",
      execRoot: "/run/berth",
      logLevel: "info",
      logDriver: "json-file",
      stopTimeout: 10,
      shutdownTimeout: 15,
      bridge: { name: "berth0", icc: true, masquerade: true },
      defaultRuntime: null,
      tls: { enabled: null, verify: false },
      proxies: { http: "http://env:1" },
      warnings: [],
    });
  });
  test.each<[string[], string]>([
    [["--nonsense"], "unknown flag: --nonsense"],
    [["-Z"], "unknown shorthand flag: 'Z' in -Z"],
    [["word"], "accepts no arguments"],
    [["--bip"], "flag needs an argument: --bip"],
    [["--debug=maybe"], 'invalid argument "maybe" for "--debug" flag'],
    [["--shutdown-timeout", "x"], "invalid syntax"],
    [["--bip", "10.0.0.1"], "invalid CIDR address: 10.0.0.1"],
    [["--dns", "example"], "not an ip address"],
    [["--log-level", "loud"], "invalid log-level: loud"],
    [["--publish-policy", "shut"], "invalid publish-policy: shut (one of open, host-firewall, loopback)"],
    [["-H", "http://x"], "invalid bind address"],
    [["-H", "tcp://x:65536"], "invalid bind address (tcp://x:65536)"],
    [["-H", "tcp://x:1"], "tcp://x:1: refusing to serve the API without TLS"],
    [["--mtu", "-1"], "invalid default MTU: -1"],
    [["--label", "x"], "bad attribute format: x"],
    [["--label", "a=1", "--label", "a=2"], "conflict labels"],
    [["--log-opt", "x"], "NAME=VALUE"],
    [
      ["--log-driver", "syslog", "--log-opt", "foo=bar"],
      "failed to set log opts: unknown log opt 'foo' for syslog log driver",
    ],
    [["--exec-opt", "native.cgroupdriver=none"], "not supported"],
    [["--data-root", "here"], "absolute"],
    [["--iptables=false"], "iptables: not supported"],
    [["--max-concurrent-downloads", "0"], "invalid max concurrent downloads: 0"],
    [["--bridge", "none", "--bip", "10.0.0.1/8"], "no bridge"],
  ])("%p: %s", (argv, message) => expect(() => load(argv)).toThrow(message));
  test("help names what there is", () => {
    expect(daemonHelp()).toMatch(/-H, --host list +Daemon socket/);
    expect(parseDaemonArguments(["--help"]).show).toBe("help");
    expect(parseDaemonArguments(["-v"]).show).toBe("version");
  });
});

describe("configuration file", () => {
  test("has Docker's keys", () => {
    expect(
      load([], {
        hosts: ["unix:///x"],
        debug: true,
        labels: ["a=b"],
        runtimes: { mine: { path: "/m", runtimeArgs: ["--x"] } },
        "default-ulimits": { nofile: { Name: "nofile", Soft: 1, Hard: 2 } },
        "default-address-pools": [{ base: "10.0.0.0/8", size: 24 }],
        "log-opts": { "max-file": 3 },
        "default-shm-size": "128M",
        proxies: { "http-proxy": "http://p" },
        mtu: 1400,
        "live-restore": true,
        "default-network-opts": { bridge: { "com.docker.network.driver.mtu": 1450 } },
      }),
    ).toMatchObject({
      hosts: ["unix:///x"],
      runtimes: { mine: { path: "/m", args: ["--x"] } },
      ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
      addressPools: [{ base: "10.0.0.0/8", size: 24 }],
      logOpts: { "max-file": "3" },
      shmSize: 2 ** 27,
      proxies: { http: "http://p" },
      bridge: { mtu: 1400 },
      networkOptions: { bridge: { "com.docker.network.driver.mtu": "1450" } },
      warnings: [],
    });
  });
  test("must not speak of what a flag speaks of", () => {
    expect(() => load(["--label", "a=b", "--debug"], { labels: ["c=d"], debug: true })).toThrow(
      "the following directives are specified both as a flag and in the configuration file: labels: (from " +
        "flag: [a=b], from file: [c=d]), debug: (from flag: true, from file: true)",
    );
    expect(load(["--add-runtime", "a=/a"], { runtimes: { b: { path: "/b" } } }).runtimes).toEqual({
      a: { path: "/a" },
    });
  });
  test.each<[unknown, string]>([
    [{ nonsense: 1, other: 2 }, "the following directives don't match any configuration option: nonsense, other"],
    ["{", "invalid JSON"],
    ["[]", "not an object"],
    [{ debug: "yes" }, "debug must be true or false"],
    [{ labels: "a=b" }, "labels must be a list"],
    [{ mtu: "x" }, "mtu must be a whole number"],
    [{ "registry-mirrors": ["a:5000"] }, 'invalid mirror: no scheme specified for "a:5000"'],
    [{ "registry-mirrors": ["ftp://a"] }, 'unsupported scheme "ftp" in "ftp://a"'],
    [{ "registry-mirrors": ["https://u:p@a"] }, "username/password not allowed"],
    [{ "registry-mirrors": ["https://a/b?c"] }, "query or fragment at end"],
    [{ "registry-mirrors": ["https://a:x"] }, "not a valid URI"],
    [{ runtimes: { a: {} } }, "runtimes.a must be"],
    [{ "default-ulimits": { a: { Soft: 3, Hard: 1 } } }, "soft limit"],
    [{ registries: { "a.b": { mirrors: "c.d" } } }, "registries.a.b.mirrors must be a list"],
    [{ registries: { "a.b": { mirror: [] } } }, 'registries.a.b has no setting "mirror"'],
    [{ registries: { "a.b": { compression: "xz" } } }, "invalid registries.a.b.compression: xz"],
    [{ registries: { "a.b": true } }, "registries.a.b must be an object"],
    [{ registries: { "a.b": { auth: { user: "x" } } } }, "registries.a.b.auth knows username, password"],
  ])("%p: %s", (file, message) => expect(() => load([], file)).toThrow(message));
  test("has settings by registry", () => {
    const registries = {
      "ghcr.io": {
        mirrors: ["mirror.test", "http://m2"],
        insecure: true,
        ca: "/ca.pem",
        auth: { username: "a", password: "b" },
        compression: "zstd" as const,
      },
    };
    expect(load([], { registries }).registries).toEqual(registries);
  });
  test("what has no effect is said", () => {
    expect(load([], { "userland-proxy": false, features: { buildkit: true } }).warnings).toEqual([
      "the option userland-proxy has no effect on this engine",
      "the option features.buildkit has no effect on this engine",
    ]);
  });
  test.each([
    ["UTF-8", [0xef, 0xbb, 0xbf], (text: string) => Buffer.from(text)],
    ["UTF-16", [0xff, 0xfe], (text: string) => Buffer.from(text, "utf16le")],
    ["UTF-16, the other way round", [0xfe, 0xff], (text: string) => Buffer.from(text, "utf16le").swap16()],
  ])("may begin with a byte order mark: %s", (_, mark, encode) => {
    const file = join(directory, "marked.json");
    writeFileSync(file, Buffer.concat([Buffer.from(mark), encode('{ "debug": true, "labels": ["a=ä"] }')]));
    expect(loadConfig(parseDaemonArguments(["--config-file", file]), environment)).toMatchObject({
      debug: true,
      labels: ["a=ä"],
    });
  });
  test("bytes that are no text are told of", () => {
    const file = join(directory, "bytes.json");
    writeFileSync(file, Buffer.from([...Buffer.from('{ "data-root": "'), 0xff, ...Buffer.from('" }')]));
    expect(() => loadConfig(parseDaemonArguments(["--config-file", file]), environment)).toThrow(
      `${file}: failed to decode configuration JSON: invalid UTF-8`,
    );
  });
  test("an empty or missing one is none", () => expect(load([], "").debug).toBe(false));
});

test.each([
  ["64M", 2 ** 26],
  ["64MiB", 2 ** 26],
  ["1g", 2 ** 30],
  ["5", 5],
  ["1.5k", 1536],
  ["10b", 10],
])("%s", (text, bytes) => expect(parseSize(text)).toBe(bytes));
test.each(["", "x", "-1", "1x"])("%p is no size", (text) => expect(() => parseSize(text)).toThrow("invalid size"));
