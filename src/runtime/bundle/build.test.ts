import { describe, expect, test } from "bun:test";
import type { ContainerConfig, HostConfig } from "../../api/types/container.ts";
import { encodeRuntimeJson } from "../../oci/runtime-json.ts";
import { buildSpec } from "./build.ts";
import { knownCapabilities } from "./capabilities.ts";
import { defaultSeccompProfile } from "./seccomp/default-profile.ts";
import type { HostFacts, SpecInput } from "./types.ts";

const facts: HostFacts = {
  cgroupVersion: 2,
  capabilities: [...knownCapabilities],
  kernel: [6, 1],
  arch: "amd64",
  seccomp: true,
  apparmor: false,
  cgroupNamespaces: true,
  ipv4Forwarding: true,
  rlimits: {},
  cpus: 4,
  memoryLimit: true,
  swapLimit: true,
  memoryReservation: true,
  memorySwappiness: false,
  oomKillDisable: false,
  cpuShares: true,
  cpuCfs: true,
  cpuRealtime: false,
  cpuset: true,
  cpusetCpus: "0-3",
  cpusetMems: "0",
  pidsLimit: true,
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
  cgroupDevices: true,
  thermalPaths: [],
  pingGroupRange: true,
  unprivilegedPorts: true,
};

const build = (config: ContainerConfig = {}, hostConfig: HostConfig = {}, more: Partial<SpecInput> = {}) =>
  buildSpec({
    id: "c1",
    config: { Cmd: ["true"], ...config },
    hostConfig,
    rootfs: "/run/rootfs",
    mounts: [],
    namespaces: {
      network: { path: "/run/netns/c1" },
      ipc: "private",
      pid: "private",
      uts: "private",
      cgroup: "private",
    },
    hostname: "box",
    domainname: "",
    defaults: {
      init: false,
      initPath: "/usr/bin/tini",
      shmSize: 64 << 20,
      ulimits: [],
      seccompProfile: "builtin",
      noNewPrivileges: false,
      cgroupParent: "",
    },
    cgroupDriver: "cgroupfs",
    instance: "0123abcd",
    facts,
    cdi: null,
    ids: null,
    user: { uid: 0, gid: 0, groups: [0, 5], home: "/root" },
    devices: { nodes: [], rules: [] },
    throttles: { weightDevice: [], readBps: [], writeBps: [], readIops: [], writeIops: [] },
    seccomp: null,
    apparmorProfile: "",
    ...more,
  });

describe("a plain container", () => {
  test("process", () => {
    const { process } = build({ Entrypoint: ["/entry"], Cmd: ["a", "b"], WorkingDir: "/w", Env: ["X=1"] });
    expect(process).toMatchObject({
      terminal: false,
      args: ["/entry", "a", "b"],
      cwd: "/w",
      user: { uid: 0, gid: 0, additionalGids: [0, 5] },
      noNewPrivileges: false,
      oomScoreAdj: 0,
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=box", "X=1", "HOME=/root"],
    });
    expect(process.capabilities?.effective).toHaveLength(14);
    expect(process.capabilities?.inheritable).toBeUndefined();
  });
  test("namespaces, cgroup, sysctls", () => {
    const { linux, hostname } = build();
    expect(linux.namespaces).toEqual([
      { type: "mount" },
      { type: "network", path: "/run/netns/c1" },
      { type: "uts" },
      { type: "pid" },
      { type: "ipc" },
      { type: "cgroup" },
    ]);
    expect(linux.cgroupsPath).toBe("/berth-0123abcd/c1");
    expect(linux.sysctl).toEqual({
      "net.ipv4.ping_group_range": "0 2147483647",
      "net.ipv4.ip_unprivileged_port_start": "0",
    });
    expect(linux.maskedPaths).toContain("/proc/kcore");
    expect(linux.readonlyPaths).toContain("/proc/sys");
    expect(hostname).toBe("box");
    expect(linux.seccomp).toBeUndefined();
    expect(linux.rootfsPropagation).toBeUndefined();
  });
  test("mounts", () => {
    const { mounts, root } = build();
    expect(mounts.map(({ destination }) => destination)).toEqual([
      "/proc",
      "/dev",
      "/dev/pts",
      "/sys",
      "/sys/fs/cgroup",
      "/dev/mqueue",
      "/dev/shm",
    ]);
    expect(mounts.find(({ destination }) => destination === "/dev/shm")?.options).toContain(`size=${64 << 20}`);
    expect(mounts.find(({ destination }) => destination === "/sys")?.options).toContain("ro");
    expect(root).toEqual({ path: "/run/rootfs", readonly: false });
  });
});

describe("options", () => {
  test("a terminal", () => {
    const { process } = build({ Tty: true }, { ConsoleSize: [24, 80] });
    expect(process).toMatchObject({ terminal: true, consoleSize: { height: 24, width: 80 } });
    expect(process.env).toContain("TERM=xterm");
    expect(build({}, { ConsoleSize: [24, 80] }).process.consoleSize).toBeUndefined();
  });
  test("environment: links, replacement, removal", () => {
    const { process } = build(
      { Env: ["PATH=/p", "DB_PORT=own", "HOSTNAME", "HOME=/h"] },
      {},
      { linkEnv: ["DB_PORT=tcp://x", "DB_NAME=/c/db"] },
    );
    expect(process.env).toEqual(["PATH=/p", "DB_PORT=own", "DB_NAME=/c/db", "HOME=/h"]);
  });
  test("somebody who is not root has no capabilities at hand", () => {
    const { process } = build({}, {}, { user: { uid: 5, gid: 6, groups: [6], home: "/" } });
    expect(process.capabilities?.bounding).toHaveLength(14);
    expect(process.capabilities?.effective).toBeUndefined();
  });
  test("capabilities that the host withholds are left out of the defaults, and refused when asked for", () => {
    const poor = { ...facts, capabilities: facts.capabilities.filter((name) => name !== "CAP_MKNOD") };
    expect(build({}, {}, { facts: poor }).process.capabilities?.bounding).not.toContain("CAP_MKNOD");
    expect(build({}, { Privileged: true }, { facts: poor }).process.capabilities?.bounding).toEqual(poor.capabilities);
    expect(() => build({}, { CapAdd: ["MKNOD"] }, { facts: poor })).toThrow(
      'capability not supported by your kernel or not available in the current environment: "CAP_MKNOD"',
    );
    expect(() => build({}, { CapDrop: ["odd"] })).toThrow('unknown capability: "CAP_ODD"');
  });
  test("seccomp follows the capabilities", () => {
    const names = (hostConfig: HostConfig) =>
      build({}, hostConfig, { seccomp: defaultSeccompProfile() }).linux.seccomp?.syscalls?.flatMap(
        (rule) => rule.names,
      );
    expect(names({})).not.toContain("mount");
    expect(names({ CapAdd: ["SYS_ADMIN"] })).toContain("mount");
  });
  test("privileged", () => {
    const { linux, mounts } = build(
      {},
      { Privileged: true },
      { namespaces: { network: "host", ipc: "host", pid: "host", uts: "host", cgroup: "host" } },
    );
    expect(linux.maskedPaths).toEqual([]);
    expect(linux.readonlyPaths).toEqual([]);
    expect(linux.namespaces).toEqual([{ type: "mount" }]);
    for (const path of ["/sys", "/sys/fs/cgroup"])
      expect(mounts.find(({ destination }) => destination === path)?.options).not.toContain("ro");
  });
  test("security options", () => {
    expect(build({}, { SecurityOpt: ["no-new-privileges:true"] }).process.noNewPrivileges).toBe(true);
    expect(build({}, { SecurityOpt: ["systempaths=unconfined"] }).linux.maskedPaths).toEqual([]);
    expect(
      build({}, { SecurityOpt: ["writable-cgroups"] }).mounts.find(({ type }) => type === "cgroup")?.options,
    ).not.toContain("ro");
    expect(
      build({}, { Privileged: true, SecurityOpt: ["writable-cgroups=false"] }).mounts.find(
        ({ type }) => type === "cgroup",
      )?.options,
    ).toContain("ro");
    expect(() => build({}, { SecurityOpt: ["odd"] })).toThrow('invalid --security-opt 1: "odd"');
    expect(() => build({}, { SecurityOpt: ["odd=1"] })).toThrow('invalid --security-opt 2: "odd=1"');
  });
  test("limits", () => {
    const { resources } = build(
      {},
      {
        Memory: 100 << 20,
        MemorySwap: -1,
        MemoryReservation: 50 << 20,
        MemorySwappiness: 0,
        CpuShares: 10,
        NanoCpus: 1_500_000_000,
        CpusetCpus: "0,1",
        PidsLimit: 0,
        BlkioWeight: 300,
        OomKillDisable: true,
      },
    ).linux;
    expect(resources).toEqual({
      devices: [],
      memory: { limit: 100 << 20, reservation: 50 << 20, swappiness: 0, disableOOMKiller: true },
      cpu: { shares: 10, period: 100_000, quota: 150_000, cpus: "0,1" },
      pids: { limit: -1 },
      blockIO: { weight: 300 },
    });
    expect(build().linux.resources).toEqual({ devices: [] });
  });
  test("open files are limited without a word", () => {
    expect(build().process.rlimits).toEqual([{ type: "RLIMIT_NOFILE", soft: 1 << 20, hard: 1 << 20 }]);
    expect(build({}, { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }] }).process.rlimits).toEqual([
      { type: "RLIMIT_NOFILE", soft: 1, hard: 2 },
    ]);
  });
  test("ulimits: unlimited is exact, defaults fit, what does not fit is refused", () => {
    const poor = { facts: { ...facts, rlimits: { NOFILE: 1024 } } };
    const spec = build(
      {},
      { Ulimits: [{ Name: "core", Soft: -1, Hard: -1 }] },
      {
        ...poor,
        defaults: {
          init: false,
          initPath: "",
          shmSize: 1,
          ulimits: [{ Name: "nofile", Soft: 10, Hard: 1 << 30 }],
          seccompProfile: "",
          noNewPrivileges: false,
          cgroupParent: "",
        },
      },
    );
    expect(spec.process.rlimits).toMatchObject([
      { type: "RLIMIT_NOFILE", soft: 10, hard: 1024 },
      { type: "RLIMIT_CORE" },
    ]);
    expect(encodeRuntimeJson(spec)).toContain(
      '{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615}',
    );
    expect(() => build({}, { Ulimits: [{ Name: "nofile", Soft: 1, Hard: 1025 }] }, poor)).toThrow(
      "ulimit nofile: the hard limit 1025 is above 1024",
    );
  });
  test("init", () => {
    const spec = build({ Cmd: ["sleep", "1"] }, { Init: true });
    expect(spec.process.args).toEqual(["/sbin/docker-init", "--", "sleep", "1"]);
    expect(spec.mounts.at(-1)).toEqual({
      destination: "/sbin/docker-init",
      type: "bind",
      source: "/usr/bin/tini",
      options: ["bind", "ro"],
    });
    const shared = build(
      { Cmd: ["sleep"] },
      { Init: true },
      { namespaces: { network: "private", ipc: "private", pid: "host", uts: "private", cgroup: "private" } },
    );
    expect(shared.process.args).toEqual(["sleep"]);
  });
  test("mounts of one's own take the place of defaults", () => {
    const mount = (destination: string, ...options: string[]) => ({
      destination,
      type: "bind",
      source: "/s",
      options: ["rbind", ...options],
    });
    const { mounts, linux } = build({}, {}, { mounts: [mount("/dev"), mount("/sys", "rslave")] });
    expect(mounts.map(({ destination }) => destination)).toEqual(["/proc", "/sys/fs/cgroup", "/dev", "/sys"]);
    expect(linux.rootfsPropagation).toBe("rslave");
    expect(build({}, {}, { mounts: [mount("/a", "rslave"), mount("/b", "rshared")] }).linux.rootfsPropagation).toBe(
      "shared",
    );
  });
  test("shared memory", () => {
    expect(build({}, { IpcMode: "none" }).mounts.some(({ destination }) => destination === "/dev/shm")).toBe(false);
    expect(build({}, {}, { shmPath: "/h/shm" }).mounts.find(({ destination }) => destination === "/dev/shm")).toEqual({
      destination: "/dev/shm",
      type: "bind",
      source: "/h/shm",
      options: ["rbind", "rprivate", "nosuid", "noexec", "nodev"],
    });
  });
  test("a read-only root", () => {
    const { mounts, root } = build(
      {},
      { ReadonlyRootfs: true },
      { mounts: [{ destination: "/data", type: "bind", source: "/d", options: ["rbind"] }] },
    );
    expect(root.readonly).toBe(true);
    expect(mounts.filter(({ options }) => !options.includes("ro")).map(({ destination }) => destination)).toEqual([
      "/proc",
      "/dev",
      "/dev/pts",
      "/dev/mqueue",
      "/dev/shm",
      "/data",
    ]);
  });
  test("domain name and sysctls", () => {
    expect(
      build(
        {},
        { Sysctls: { "net.ipv4.ip_unprivileged_port_start": "80" }, NetworkMode: "bridge" },
        { domainname: "d" },
      ).linux.sysctl,
    ).toEqual({
      "kernel.domainname": "d",
      "net.ipv4.ping_group_range": "0 2147483647",
      "net.ipv4.ip_unprivileged_port_start": "80",
    });
    expect(build({}, { NetworkMode: "host" }).linux.sysctl).toEqual({});
    expect(build({}, { NetworkMode: "container:x" }).linux.sysctl).toEqual({});
  });
  test("cgroup parents by driver", () => {
    expect(build({}, { CgroupParent: "mine/../../other" }).linux.cgroupsPath).toBe("/other/c1");
    expect(build({}, {}, { cgroupDriver: "systemd" }).linux.cgroupsPath).toBe("system.slice:berth:c1");
    expect(build({}, { CgroupParent: "a.slice" }, { cgroupDriver: "systemd" }).linux.cgroupsPath).toBe(
      "a.slice:berth:c1",
    );
  });
  test("AppArmor, annotations, OOM score", () => {
    const spec = build({}, { Annotations: { a: "b" }, OomScoreAdj: -5 }, { apparmorProfile: "docker-default" });
    expect(spec).toMatchObject({
      annotations: { a: "b" },
      process: { apparmorProfile: "docker-default", oomScoreAdj: -5 },
    });
  });
});
