/** The flags that `run` and `create` share: everything that becomes part of the container. */

import { parseBytes, parseSwapBytes } from "../../../../lib/bytes.ts";
import type { Flag, FlagValues } from "../../../flags/flag.ts";
import {
  bool,
  bytes,
  custom,
  duration,
  int,
  list,
  listOf,
  map,
  optionalBool,
  string,
  uint,
} from "../../../flags/kinds.ts";
import { parseNanoCpus } from "../../../flags/number.ts";
import { oneOf } from "../../../flags/one-of.ts";
import {
  copied,
  mapUnlessEmpty,
  orNull,
  orZero,
  toConfig,
  toHealth,
  toHost,
  unlessEmpty,
  unlessNull,
  unlessZero,
} from "./body-flag.ts";
import { cut } from "./csv.ts";
import { checkDeviceRule, parseGpus } from "./devices.ts";
import { checkEnv, checkLabel } from "./key-values.ts";
import {
  checkSysctl,
  mergeUlimits,
  parseDeviceBps,
  parseDeviceIops,
  parseDeviceWeight,
  parseUlimit,
} from "./limits.ts";
import { parseMount } from "./mount.ts";
import { checkLink, parseDns, parseDnsSearch, parseExtraHost } from "./names.ts";
import { parseNetwork } from "./network.ts";
import { normalCapabilities } from "./security.ts";

const windows = { hidden: true } as const;

function parseAttach(text: string): string {
  const stream = text.toLowerCase();
  if (!["stdin", "stdout", "stderr"].includes(stream)) throw new Error("valid streams are STDIN, STDOUT and STDERR");
  return stream;
}

function sysctls(help: string): Flag<Readonly<Record<string, string>>> {
  return {
    ...map(help),
    set(current, text) {
      const [key, value] = cut(checkSysctl(text), "=");
      return { ...current, [key]: value };
    },
  };
}

export const processFlags = {
  attach: list("Attach standard input, output or error", { short: "a", parse: parseAttach }),
  cidfile: toHost("ContainerIDFile", string("Write the container's id to this file")),
  domainname: toConfig("Domainname", string("NIS domain name of the container")),
  entrypoint: string("Program to run in place of the image's entry point"),
  env: list("Set an environment variable", { short: "e", parse: checkEnv }),
  "env-file": list("Read environment variables from a file"),
  "group-add": toHost("GroupAdd", list("Supplementary group to join"), orNull),
  "health-cmd": toHealth("Test", string("Command that checks the container's health"), (command) =>
    command === "" ? undefined : ["CMD-SHELL", command],
  ),
  "health-interval": toHealth(
    "Interval",
    duration("Time between two health checks (ms|s|m|h)", { shown: "0s" }),
    unlessZero,
  ),
  "health-on-failure": toHost(
    "HealthOnFailure",
    oneOf(["none", "restart", "stop", "kill"], "What to do once the container is unhealthy (none|restart|stop|kill)"),
    unlessNull,
  ),
  "health-retries": toHealth("Retries", int("Failed checks in a row that make the container unhealthy"), unlessZero),
  "health-start-interval": toHealth(
    "StartInterval",
    duration("Time between two checks during the start period (ms|s|m|h)", { shown: "0s", minApi: "1.44" }),
    unlessZero,
  ),
  "health-start-period": toHealth(
    "StartPeriod",
    duration("Time to start up before failed checks count (ms|s|m|h)", { shown: "0s", minApi: "1.29" }),
    unlessZero,
  ),
  "health-timeout": toHealth(
    "Timeout",
    duration("Longest time a check may take (ms|s|m|h)", { shown: "0s" }),
    unlessZero,
  ),
  hostname: toConfig("Hostname", string("Host name of the container", { short: "h" })),
  init: toHost(
    "Init",
    optionalBool("Run a small init that passes signals on and reaps processes", { minApi: "1.25" }),
    unlessNull,
  ),
  interactive: toConfig("OpenStdin", bool("Keep standard input open even where it is not attached", { short: "i" })),
  label: list("Set a label", { short: "l", parse: checkLabel }),
  "label-file": list("Read labels from a file, one a line"),
  "no-healthcheck": toConfig("Healthcheck", bool("Switch off the image's health check"), (off) =>
    off ? { Test: ["NONE"] } : undefined,
  ),
  "read-only": toHost("ReadonlyRootfs", bool("Mount the root filesystem read-only")),
  restart: string("When to restart the container after it exits", { default: "no" }),
  rm: toHost("AutoRemove", bool("Remove the container and its anonymous volumes when it exits")),
  "stop-signal": toConfig("StopSignal", string("Signal that stops the container"), unlessEmpty),
  "stop-timeout": int("Seconds between the stop signal and the kill", { minApi: "1.25" }),
  tty: toConfig("Tty", bool("Allocate a terminal", { short: "t" })),
  user: toConfig("User", string("User, and group, to run as: name|uid[:group|gid]", { short: "u" })),
  workdir: toConfig("WorkingDir", string("Working directory in the container", { short: "w" })),
};

const securityFlags = {
  annotation: toHost(
    "Annotations",
    map("Annotation that is passed on to the OCI runtime", { minApi: "1.43" }),
    mapUnlessEmpty,
  ),
  "cap-add": toHost("CapAdd", list("Add a Linux capability"), normalCapabilities),
  "cap-drop": toHost("CapDrop", list("Drop a Linux capability"), normalCapabilities),
  "cgroup-parent": toHost("CgroupParent", string("Cgroup under which the container's own is made")),
  cgroupns: toHost(
    "CgroupnsMode",
    string("Cgroup namespace: host, private, or the engine's default", { minApi: "1.41" }),
  ),
  ipc: toHost("IpcMode", string("IPC namespace: private, shareable, host, none or container:NAME")),
  isolation: toHost("Isolation", string("Isolation technology")),
  pid: toHost("PidMode", string("PID namespace: host or container:NAME")),
  privileged: toHost("Privileged", bool("Give the container all capabilities and devices")),
  runtime: toHost("Runtime", string("OCI runtime that runs the container"), unlessEmpty),
  "security-opt": list("Security option: seccomp, apparmor, label, no-new-privileges, systempaths"),
  sysctl: toHost("Sysctls", sysctls("Kernel parameter of the container's namespaces"), mapUnlessEmpty),
  userns: toHost("UsernsMode", string("User namespace: host")),
  uts: toHost("UTSMode", string("UTS namespace: host")),
};

const networkFlags = {
  "add-host": toHost("ExtraHosts", list("Extra line of /etc/hosts (host:ip)", { parse: parseExtraHost }), orNull),
  dns: toHost("Dns", list("DNS server", { parse: parseDns }), copied),
  "dns-option": toHost("DnsOptions", list("DNS resolver option", { aliases: ["dns-opt"] }), copied),
  "dns-search": toHost("DnsSearch", list("DNS search domain", { parse: parseDnsSearch }), copied),
  expose: list("Expose a port or a range of ports"),
  ip: string("IPv4 address (172.30.100.104)"),
  ip6: string("IPv6 address (2001:db8::33)"),
  link: toHost("Links", list("Link to another container", { parse: checkLink }), orNull),
  "link-local-ip": list("Link-local address of the container"),
  "mac-address": string("MAC address of the container (92:d0:c6:0a:29:33)"),
  network: listOf("network", "Connect the container to a network", parseNetwork, { aliases: ["net"] }),
  "network-alias": list("Name of the container on its network", { aliases: ["net-alias"] }),
  publish: list("Publish a port or a range of ports to the host", { short: "p" }),
  "publish-all": toHost("PublishAllPorts", bool("Publish every exposed port to a port that is free", { short: "P" })),
};

const storageFlags = {
  device: list("Give the container a device of the host"),
  "device-cgroup-rule": toHost(
    "DeviceCgroupRules",
    list("Rule for the devices that the container may use", { parse: checkDeviceRule }),
    orNull,
  ),
  gpus: listOf("gpu-request", "Give the container GPUs (`all` for every one)", parseGpus, { minApi: "1.40" }),
  "log-driver": string("Where the container's output is logged"),
  "log-opt": list("Option of the log driver"),
  mount: listOf("mount", "Mount a file system (type=bind|volume|tmpfs|image,src=…,dst=…)", parseMount),
  "storage-opt": list("Option of the container's root filesystem"),
  tmpfs: list("Mount a temporary file system"),
  volume: list("Mount a host path or a volume", { short: "v" }),
  "volume-driver": toHost("VolumeDriver", string("Driver of the volumes that -v makes")),
  "volumes-from": toHost("VolumesFrom", list("Mount the volumes of another container"), orNull),
};

export const resourceFlags = {
  "blkio-weight": toHost(
    "BlkioWeight",
    uint("Weight of block IO, 10 to 1000, or 0 for none", { bits: 16, type: "uint16", shown: "0" }),
  ),
  "blkio-weight-device": toHost(
    "BlkioWeightDevice",
    listOf("list", "Weight of block IO on a device", parseDeviceWeight),
    copied,
  ),
  "cpu-count": toHost("CpuCount", int("Number of CPUs (Windows only)", windows)),
  "cpu-percent": toHost("CpuPercent", int("CPU percent (Windows only)", windows)),
  "cpu-period": toHost("CpuPeriod", int("Period of the CPU quota, in microseconds")),
  "cpu-quota": toHost("CpuQuota", int("CPU time in each period, in microseconds")),
  "cpu-rt-period": toHost(
    "CpuRealtimePeriod",
    int("Period of real-time scheduling, in microseconds", { minApi: "1.25" }),
  ),
  "cpu-rt-runtime": toHost(
    "CpuRealtimeRuntime",
    int("Real-time share of each period, in microseconds", { minApi: "1.25" }),
  ),
  "cpu-shares": toHost("CpuShares", int("Weight of CPU time", { short: "c" })),
  cpus: toHost("NanoCpus", custom("decimal", "Number of CPUs", parseNanoCpus, { minApi: "1.25" }), orZero),
  "cpuset-cpus": toHost("CpusetCpus", string("CPUs to run on (0-3, 0,1)")),
  "cpuset-mems": toHost("CpusetMems", string("Memory nodes to use (0-3, 0,1)")),
  "device-read-bps": toHost(
    "BlkioDeviceReadBps",
    listOf("list", "Limit reading from a device, bytes per second", parseDeviceBps),
    copied,
  ),
  "device-read-iops": toHost(
    "BlkioDeviceReadIOps",
    listOf("list", "Limit reading from a device, operations per second", parseDeviceIops),
    copied,
  ),
  "device-write-bps": toHost(
    "BlkioDeviceWriteBps",
    listOf("list", "Limit writing to a device, bytes per second", parseDeviceBps),
    copied,
  ),
  "device-write-iops": toHost(
    "BlkioDeviceWriteIOps",
    listOf("list", "Limit writing to a device, operations per second", parseDeviceIops),
    copied,
  ),
  "io-maxbandwidth": toHost(
    "IOMaximumBandwidth",
    bytes("Maximum IO bandwidth of the system drive (Windows only)", windows),
  ),
  "io-maxiops": toHost(
    "IOMaximumIOps",
    uint("Maximum IO operations per second of the system drive (Windows only)", windows),
  ),
  "kernel-memory": custom("bytes", "Kernel memory limit (no longer in effect)", parseBytes),
  memory: toHost("Memory", bytes("Memory limit", { short: "m" })),
  "memory-reservation": toHost("MemoryReservation", bytes("Memory that stays reserved when memory is short")),
  "memory-swap": toHost(
    "MemorySwap",
    custom("bytes", "Limit of memory and swap together; -1 for no limit", parseSwapBytes),
    orZero,
  ),
  "memory-swappiness": toHost("MemorySwappiness", int("How readily memory is swapped out, 0 to 100", { default: -1 })),
  "oom-kill-disable": toHost("OomKillDisable", bool("Do not kill processes when memory runs out")),
  "oom-score-adj": toHost(
    "OomScoreAdj",
    int("How likely the kernel picks this container when memory runs out, -1000 to 1000"),
  ),
  "pids-limit": toHost("PidsLimit", int("Limit of processes (-1 for none)")),
  "shm-size": toHost("ShmSize", bytes("Size of /dev/shm")),
  ulimit: toHost("Ulimits", listOf("ulimit", "Resource limit of processes", parseUlimit), mergeUlimits),
};

export const containerFlags = { ...processFlags, ...securityFlags, ...networkFlags, ...storageFlags, ...resourceFlags };

export type ContainerFlags = FlagValues<typeof containerFlags>;

/** The flags of creating beside those of the container itself. */
export const createFlags = {
  ...containerFlags,
  "disable-content-trust": bool("Skip image verification (no longer in effect)", {
    default: true,
    deprecated: "support for docker content trust was removed",
  }),
  name: string("Name of the container"),
  platform: string("Platform of the image to use", { minApi: "1.32" }),
  pull: string('When to pull the image ("always", "missing", "never")', { default: "missing" }),
  quiet: bool("Do not show the progress of pulling", { short: "q" }),
  "use-api-socket": bool("Give the container the engine's socket and the credentials to use it"),
};
