import { describe, expect, test } from "bun:test";
import type { ContainerConfig, HostConfig } from "../../api/types/container.ts";
import { knownCapabilities } from "./capabilities.ts";
import { parseCpuList } from "./cpu-list.ts";
import { parseDeviceRule } from "./devices.ts";
import type { HostFacts } from "./types.ts";
import { validateHostConfig } from "./validate.ts";

const facts: HostFacts = {
  cgroupVersion: 1,
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
  memorySwappiness: true,
  oomKillDisable: true,
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
const bare: HostFacts = {
  ...facts,
  memoryLimit: false,
  swapLimit: false,
  memoryReservation: false,
  memorySwappiness: false,
  oomKillDisable: false,
  cpuShares: false,
  cpuCfs: false,
  cpuset: false,
  pidsLimit: false,
  blkioWeight: false,
  blkioWeightDevice: false,
  blkioThrottle: false,
  cgroupNamespaces: false,
  ipv4Forwarding: false,
};
const MB = 1 << 20;
const validate = (hostConfig: HostConfig, config: ContainerConfig = {}) =>
  validateHostConfig(config, hostConfig, facts);

test("what is in order passes without a word", () => {
  expect(validate({}).warnings).toEqual([]);
  expect(
    validate({
      Memory: 64 * MB,
      MemorySwap: 64 * MB,
      MemoryReservation: 32 * MB,
      MemorySwappiness: 60,
      NanoCpus: 4e9,
      CpusetCpus: "0-1,3",
      PidsLimit: 5,
      BlkioWeight: 10,
      CapAdd: ["ALL"],
      CapDrop: ["net_raw"],
      IpcMode: "container:x",
      PidMode: "host",
      UTSMode: "",
      UsernsMode: "host",
      CgroupnsMode: "private",
      OomScoreAdj: -1000,
      SecurityOpt: ["seccomp={}", "label=disable"],
      Sysctls: { "net.core.somaxconn": "1", "kernel.shmmax": "1", "fs.mqueue.msg_max": "1" },
      Tmpfs: { "/t": "", "/u": "rw,noexec,size=64k,mode=1777,uid=5" },
      Ulimits: [{ Name: "nofile", Soft: 1, Hard: -1 }],
      DeviceCgroupRules: ["c 1:* rwm"],
      CgroupParent: "x",
    }).warnings,
  ).toEqual([]);
});

describe("refused, in Docker's words", () => {
  test.each<[HostConfig, string, ContainerConfig?]>([
    [{ Memory: 1 }, "Minimum memory limit allowed is 6MB"],
    [{ Memory: 10 * MB, MemorySwap: 9 * MB }, "Minimum memoryswap limit should be larger than memory limit, see usage"],
    [{ MemorySwap: 9 * MB }, "You should always set the Memory limit when using Memoryswap limit, see usage"],
    [{ MemorySwappiness: 101 }, "Invalid value: 101, valid memory swappiness range is 0-100"],
    [{ MemoryReservation: 1 }, "Minimum memory reservation allowed is 6MB"],
    [
      { Memory: 10 * MB, MemoryReservation: 11 * MB },
      "Minimum memory limit can not be less than memory reservation limit, see usage",
    ],
    [{ NanoCpus: 1, CpuPeriod: 1 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set"],
    [{ NanoCpus: 1, CpuQuota: 1 }, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"],
    [{ NanoCpus: 5e9 }, "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"],
    [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
    [{ CpuPeriod: 1 }, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"],
    [{ CpuQuota: 1 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
    [{ CpuRealtimePeriod: 1 }, "kernel does not support CPU real-time scheduler"],
    [{ CpusetCpus: "0-7" }, "Requested CPUs are not available - requested 0-7, available: 0-3"],
    [{ CpusetCpus: "a" }, "Invalid value a for cpuset cpus"],
    [{ CpusetMems: "1" }, "Requested memory nodes are not available - requested 1, available: 0"],
    [{ BlkioWeight: 5 }, "Range of blkio weight is from 10 to 1000"],
    [{ IOMaximumIOps: 5 }, "Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps"],
    [{ Ulimits: [{ Name: "odd" }] }, "invalid ulimit type: odd"],
    [
      { Ulimits: [{ Name: "core", Soft: 2, Hard: 1 }] },
      "ulimit soft limit must be less than or equal to hard limit: 2 > 1",
    ],
    [{ CapAdd: ["odd"] }, 'invalid CapAdd: unknown capability: "CAP_ODD"'],
    [{ CapDrop: ["odd"] }, 'invalid CapDrop: unknown capability: "CAP_ODD"'],
    [{ IpcMode: "odd" }, "invalid IPC mode: odd"],
    [{ PidMode: "container:" }, "invalid PID mode: container:"],
    [{ UTSMode: "odd" }, "invalid UTS mode: odd"],
    [{ CgroupnsMode: "odd" }, "invalid cgroup namespace mode: odd"],
    [{ UTSMode: "host" }, "conflicting options: hostname and the UTS mode", { Hostname: "h" }],
    [{ NetworkMode: "container:" }, "invalid network mode: invalid container format container:<name|id>"],
    [{ NetworkMode: "container:x" }, "conflicting options: hostname and the network mode", { Hostname: "h" }],
    [{ NetworkMode: "container:x", Dns: ["1.1.1.1"] }, "conflicting options: dns and the network mode"],
    [
      { NetworkMode: "container:x", PublishAllPorts: true },
      "conflicting options: port publishing and the container type network mode",
    ],
    [{ NetworkMode: "host", Links: ["a"] }, "conflicting options: host type networking can't be used with links."],
    [{ SecurityOpt: ["seccomp={"] }, "Decoding seccomp profile failed"],
    [{ DeviceCgroupRules: ["x"] }, "invalid device cgroup rule format: 'x'"],
    [{ Devices: [{ PathOnHost: "/dev/null", CgroupPermissions: "x" }] }, "invalid device mode: x"],
    [{ ShmSize: -1 }, "SHM size can not be less than 0"],
    [{ OomScoreAdj: 1001 }, "Invalid value 1001, range for oom score adj is [-1000, 1000]"],
    [{ Tmpfs: { "/": "" } }, "invalid specification: destination can't be '/'"],
    [{ Tmpfs: { "/t": "rw,bogus" } }, 'invalid tmpfs option "bogus"'],
    [{ Tmpfs: { "/t": "size" } }, 'invalid tmpfs option "size"'],
    [{ Tmpfs: { "/t": "exec=1" } }, 'invalid tmpfs option "exec"'],
    [{ Tmpfs: { a: "" } }, "invalid mount path: 'a' mount path must be absolute"],
    [{ Sysctls: { "kernel.panic": "1" } }, 'sysctl "kernel.panic" is not in a separate kernel namespace'],
    [
      { Sysctls: { "net.core.somaxconn": "1" }, NetworkMode: "host" },
      'sysctl "net.core.somaxconn" not allowed in host network namespace',
    ],
  ])("%p: %p", (hostConfig, message, config = {}) => {
    expect(() => validate(hostConfig, config)).toThrow(message);
  });
  test("by the daemon's own settings", () => {
    expect(() => validateHostConfig({}, { CgroupParent: "x" }, facts, { cgroupDriver: "systemd" })).toThrow(
      'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
    );
    expect(() => validateHostConfig({}, { Runtime: "odd" }, facts, { runtimes: ["crun"] })).toThrow(
      "unknown or invalid runtime name: odd",
    );
  });
});

test("what the host cannot do is taken out, with a warning each", () => {
  const hostConfig: HostConfig = {
    Memory: 64 * MB,
    MemorySwap: 65 * MB,
    MemoryReservation: 32 * MB,
    MemorySwappiness: 1,
    OomKillDisable: true,
    PidsLimit: 5,
    CpuShares: 5,
    CpuQuota: 5000,
    CpusetCpus: "0",
    BlkioWeight: 20,
    BlkioWeightDevice: [{ Path: "/x", Weight: 1 }],
    BlkioDeviceReadBps: [{ Path: "/x", Rate: 1 }],
    BlkioDeviceWriteBps: [{ Path: "/x", Rate: 1 }],
    BlkioDeviceReadIOps: [{ Path: "/x", Rate: 1 }],
    BlkioDeviceWriteIOps: [{ Path: "/x", Rate: 1 }],
    CgroupnsMode: "private",
    CpuPercent: 5,
    SecurityOpt: ["label=type:x", "apparmor=x"],
  };
  const { warnings } = validateHostConfig({}, hostConfig, bare);
  expect(warnings).toHaveLength(19);
  expect(warnings.slice(0, 2)).toEqual([
    "Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.",
    "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory " +
      "swappiness discarded.",
  ]);
  expect(hostConfig).toMatchObject({
    Memory: 0,
    MemoryReservation: 0,
    MemorySwappiness: null,
    OomKillDisable: null,
    PidsLimit: null,
    CpuShares: 0,
    CpuQuota: 0,
    CpusetCpus: "",
    BlkioWeight: 0,
    CgroupnsMode: "host",
  });
});

test("without swap accounting the limit holds, but for swap", () => {
  const hostConfig: HostConfig = { Memory: 64 * MB, MemorySwap: 128 * MB };
  expect(validateHostConfig({}, hostConfig, { ...facts, swapLimit: false }).warnings).toEqual([
    "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
  ]);
  expect(hostConfig.MemorySwap).toBe(-1);
});

test("OOM killer switched off without a limit", () => {
  expect(validate({ OomKillDisable: true }).warnings[0]).toStartWith(
    "OOM killer is disabled for the container, but no memory limit is set",
  );
});

test("processor lists", () => {
  expect([...(parseCpuList("0-2,5") ?? [])]).toEqual([0, 1, 2, 5]);
  for (const bad of ["a", "1-", "3-1", "1,,2", "0-999999999"]) expect(parseCpuList(bad)).toBeNull();
});

test("device rules", () => {
  expect(parseDeviceRule("c 1:3 mr")).toEqual({ allow: true, type: "c", major: 1, minor: 3, access: "mr" });
  expect(parseDeviceRule("a *:* rwm")).toEqual({ allow: true, type: "a", access: "rwm" });
});
