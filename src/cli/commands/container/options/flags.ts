/** The flags that `run` and `create` share: everything that becomes part of the container. */
import type { FlagValues } from "../../../flags/flag.ts";
import { parseBytes, parseSwapBytes } from "../../../flags/bytes.ts";
import { bool, bytes, custom, duration, int, list, listOf, map, optionalBool, string, uint } from "../../../flags/kinds.ts";
import { parseNanoCpus } from "../../../flags/number.ts";
import { cut } from "./csv.ts";
import { checkDeviceRule, parseGpus } from "./devices.ts";
import { checkEnv, checkLabel } from "./key-values.ts";
import { checkSysctl, parseDeviceBps, parseDeviceIops, parseDeviceWeight, parseUlimit } from "./limits.ts";
import { parseMount } from "./mount.ts";
import { checkLink, parseDns, parseDnsSearch, parseExtraHost } from "./names.ts";
import { parseNetwork } from "./network.ts";

const windows = { hidden: true } as const;

function parseAttach(text: string): string {
  const stream = text.toLowerCase();
  if (!["stdin", "stdout", "stderr"].includes(stream)) throw new Error("valid streams are STDIN, STDOUT and STDERR");
  return stream;
}

export const processFlags = {
  attach: list("Attach standard input, output or error", { short: "a", parse: parseAttach }),
  cidfile: string("Write the container's id to this file"),
  domainname: string("NIS domain name of the container"),
  entrypoint: string("Program to run in place of the image's entry point"),
  env: list("Set an environment variable", { short: "e", parse: checkEnv }),
  "env-file": list("Read environment variables from a file"),
  "group-add": list("Supplementary group to join"),
  "health-cmd": string("Command that checks the container's health"),
  "health-interval": duration("Time between two health checks (ms|s|m|h)", { shown: "0s" }),
  "health-retries": int("Failed checks in a row that make the container unhealthy"),
  "health-start-interval": duration("Time between two checks during the start period (ms|s|m|h)", { shown: "0s", minApi: "1.44" }),
  "health-start-period": duration("Time to start up before failed checks count (ms|s|m|h)", { shown: "0s", minApi: "1.29" }),
  "health-timeout": duration("Longest time a check may take (ms|s|m|h)", { shown: "0s" }),
  hostname: string("Host name of the container", { short: "h" }),
  init: optionalBool("Run a small init that passes signals on and reaps processes", { minApi: "1.25" }),
  interactive: bool("Keep standard input open even where it is not attached", { short: "i" }),
  label: list("Set a label", { short: "l", parse: checkLabel }),
  "label-file": list("Read labels from a file, one a line"),
  "no-healthcheck": bool("Switch off the image's health check"),
  "read-only": bool("Mount the root filesystem read-only"),
  restart: string("When to restart the container after it exits", { default: "no" }),
  rm: bool("Remove the container and its anonymous volumes when it exits"),
  "stop-signal": string("Signal that stops the container"),
  "stop-timeout": int("Seconds between the stop signal and the kill", { minApi: "1.25" }),
  tty: bool("Allocate a terminal", { short: "t" }),
  user: string("User, and group, to run as: name|uid[:group|gid]", { short: "u" }),
  workdir: string("Working directory in the container", { short: "w" }),
};

export const securityFlags = {
  annotation: map("Annotation that is passed on to the OCI runtime", { minApi: "1.43" }),
  "cap-add": list("Add a Linux capability"),
  "cap-drop": list("Drop a Linux capability"),
  "cgroup-parent": string("Cgroup under which the container's own is made"),
  cgroupns: string("Cgroup namespace: host, private, or the engine's default", { minApi: "1.41" }),
  ipc: string("IPC namespace: private, shareable, host, none or container:NAME"),
  isolation: string("Isolation technology"),
  pid: string("PID namespace: host or container:NAME"),
  privileged: bool("Give the container all capabilities and devices"),
  runtime: string("OCI runtime that runs the container"),
  "security-opt": list("Security option: seccomp, apparmor, label, no-new-privileges, systempaths"),
  sysctl: {
    ...map("Kernel parameter of the container's namespaces"),
    set(current: Readonly<Record<string, string>>, text: string) {
      const [key, value] = cut(checkSysctl(text), "=");
      return { ...current, [key]: value };
    },
  },
  userns: string("User namespace: host"),
  uts: string("UTS namespace: host"),
};

export const networkFlags = {
  "add-host": list("Extra line of /etc/hosts (host:ip)", { parse: parseExtraHost }),
  dns: list("DNS server", { parse: parseDns }),
  "dns-option": list("DNS resolver option", { aliases: ["dns-opt"] }),
  "dns-search": list("DNS search domain", { parse: parseDnsSearch }),
  expose: list("Expose a port or a range of ports"),
  ip: string("IPv4 address (172.30.100.104)"),
  ip6: string("IPv6 address (2001:db8::33)"),
  link: list("Link to another container", { parse: checkLink }),
  "link-local-ip": list("Link-local address of the container"),
  "mac-address": string("MAC address of the container (92:d0:c6:0a:29:33)"),
  network: listOf("network", "Connect the container to a network", parseNetwork, { aliases: ["net"] }),
  "network-alias": list("Name of the container on its network", { aliases: ["net-alias"] }),
  publish: list("Publish a port or a range of ports to the host", { short: "p" }),
  "publish-all": bool("Publish every exposed port to a port that is free", { short: "P" }),
};

export const storageFlags = {
  device: list("Give the container a device of the host"),
  "device-cgroup-rule": list("Rule for the devices that the container may use", { parse: checkDeviceRule }),
  gpus: listOf("gpu-request", "Give the container GPUs (`all` for every one)", parseGpus, { minApi: "1.40" }),
  "log-driver": string("Where the container's output is logged"),
  "log-opt": list("Option of the log driver"),
  mount: listOf("mount", "Mount a file system (type=bind|volume|tmpfs|image,src=…,dst=…)", parseMount),
  "storage-opt": list("Option of the container's root filesystem"),
  tmpfs: list("Mount a temporary file system"),
  volume: list("Mount a host path or a volume", { short: "v" }),
  "volume-driver": string("Driver of the volumes that -v makes"),
  "volumes-from": list("Mount the volumes of another container"),
};

export const resourceFlags = {
  "blkio-weight": uint("Weight of block IO, 10 to 1000, or 0 for none", { bits: 16, type: "uint16", shown: "0" }),
  "blkio-weight-device": listOf("list", "Weight of block IO on a device", parseDeviceWeight),
  "cpu-count": int("Number of CPUs (Windows only)", windows),
  "cpu-percent": int("CPU percent (Windows only)", windows),
  "cpu-period": int("Period of the CPU quota, in microseconds"),
  "cpu-quota": int("CPU time in each period, in microseconds"),
  "cpu-rt-period": int("Period of real-time scheduling, in microseconds", { minApi: "1.25" }),
  "cpu-rt-runtime": int("Real-time share of each period, in microseconds", { minApi: "1.25" }),
  "cpu-shares": int("Weight of CPU time", { short: "c" }),
  cpus: custom("decimal", "Number of CPUs", parseNanoCpus, { minApi: "1.25" }),
  "cpuset-cpus": string("CPUs to run on (0-3, 0,1)"),
  "cpuset-mems": string("Memory nodes to use (0-3, 0,1)"),
  "device-read-bps": listOf("list", "Limit reading from a device, bytes per second", parseDeviceBps),
  "device-read-iops": listOf("list", "Limit reading from a device, operations per second", parseDeviceIops),
  "device-write-bps": listOf("list", "Limit writing to a device, bytes per second", parseDeviceBps),
  "device-write-iops": listOf("list", "Limit writing to a device, operations per second", parseDeviceIops),
  "io-maxbandwidth": bytes("Maximum IO bandwidth of the system drive (Windows only)", windows),
  "io-maxiops": uint("Maximum IO operations per second of the system drive (Windows only)", windows),
  "kernel-memory": custom("bytes", "Kernel memory limit (no longer in effect)", parseBytes, { deprecated: "and no longer supported by the kernel" }),
  memory: bytes("Memory limit", { short: "m" }),
  "memory-reservation": bytes("Memory that stays reserved when memory is short"),
  "memory-swap": custom("bytes", "Limit of memory and swap together; -1 for no limit", parseSwapBytes),
  "memory-swappiness": int("How readily memory is swapped out, 0 to 100", { default: -1 }),
  "oom-kill-disable": bool("Do not kill processes when memory runs out"),
  "oom-score-adj": int("How likely the kernel picks this container when memory runs out, -1000 to 1000"),
  "pids-limit": int("Limit of processes (-1 for none)"),
  "shm-size": bytes("Size of /dev/shm"),
  ulimit: listOf("ulimit", "Resource limit of processes", parseUlimit),
};

export const containerFlags = { ...processFlags, ...securityFlags, ...networkFlags, ...storageFlags, ...resourceFlags };

export type ContainerFlags = FlagValues<typeof containerFlags>;

/** The flags of creating beside those of the container itself. */
export const createFlags = {
  ...containerFlags,
  "disable-content-trust": bool("Skip image verification (no longer in effect)", { default: true, deprecated: "support for docker content trust was removed" }),
  name: string("Name of the container"),
  platform: string("Platform of the image to use", { minApi: "1.32" }),
  pull: string('When to pull the image ("always", "missing", "never")', { default: "missing" }),
  quiet: bool("Do not show the progress of pulling", { short: "q" }),
  "use-api-socket": bool("Give the container the engine's socket and the credentials to use it"),
};
