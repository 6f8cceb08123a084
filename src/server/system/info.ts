import { readdirSync, statfsSync } from "node:fs";
import type { SystemInfo } from "../../api/types/system.ts";
import { allContainers } from "../../container/table.ts";
import { allImages } from "../../image/table.ts";
import { networkDrivers } from "../../network/driver/driver.ts";
import { volumeDriverNames } from "../../volume/driver/driver.ts";
import type { ServerContext } from "../context.ts";

/** `GET /info`. */
export function systemInfo(ctx: ServerContext): SystemInfo {
  const { facts, settings, containers } = ctx;
  const host = containers.facts;
  const { runtime, defaults } = containers;
  return {
    ID: facts.id,
    ...containerCounts(ctx),
    Images: allImages(ctx.images.store).length,
    Driver: ctx.images.snapshotter.driver,
    DriverStatus: driverStatus(ctx),
    Plugins: {
      Volume: volumeDriverNames(ctx.volumes), Network: [...networkDrivers], Authorization: [], Log: ["json-file", "local", "none"],
    },
    MemoryLimit: host.memoryLimit,
    SwapLimit: host.swapLimit,
    CpuCfsPeriod: host.cpuCfs,
    CpuCfsQuota: host.cpuCfs,
    CPUShares: host.cpuShares,
    CPUSet: host.cpuset,
    PidsLimit: host.pidsLimit,
    IPv4Forwarding: host.ipv4Forwarding,
    Debug: settings.debug,
    NFd: openDescriptors(),
    OomKillDisable: host.oomKillDisable,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: defaults.logConfig.Type,
    CgroupDriver: runtime.cgroupDriver,
    CgroupVersion: host.cgroupVersion === 2 ? "2" : "1",
    NEventsListener: ctx.events.subscriberCount,
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.osVersion,
    OSType: "linux",
    Architecture: facts.machine,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: registryConfig(ctx),
    NCPU: host.cpus,
    MemTotal: facts.memory,
    DockerRootDir: facts.dataRoot,
    HttpProxy: withoutCredentials(facts.httpProxy),
    HttpsProxy: withoutCredentials(facts.httpsProxy),
    NoProxy: facts.noProxy,
    Name: facts.hostname,
    Labels: settings.labels,
    ExperimentalBuild: facts.experimental,
    ServerVersion: facts.version,
    Runtimes: Object.fromEntries(Object.entries(runtime.runtimes).map(([name, { path, args }]) => [name, { path, ...(args && { runtimeArgs: args }) }])),
    DefaultRuntime: defaults.runtime,
    Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: null },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: defaults.initPath,
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: facts.runtimeVersions[defaults.runtime] ?? "" },
    InitCommit: { ID: "" },
    SecurityOptions: securityOptions(ctx),
    DefaultAddressPools: ctx.networks.addressPools.map(({ base, size }) => ({ Base: base, Size: size })),
    FirewallBackend: { Driver: "nftables" },
    Warnings: warnings(ctx),
  };
}

function containerCounts({ containers }: ServerContext): Pick<SystemInfo, "Containers" | "ContainersRunning" | "ContainersPaused" | "ContainersStopped"> {
  const phases = allContainers(containers.store).map(({ state }) => state.phase);
  const paused = phases.filter((phase) => phase === "paused").length;
  const running = phases.filter((phase) => phase === "running" || phase === "restarting").length;
  return { Containers: phases.length, ContainersRunning: running, ContainersPaused: paused, ContainersStopped: phases.length - running - paused };
}

/** As Docker words what it found out about its overlay mounts. */
function driverStatus({ images, facts }: ServerContext): string[][] {
  if (images.snapshotter.driver !== "overlay2") return [];
  return [["Backing Filesystem", filesystemName(facts.dataRoot)], ["Supports d_type", "true"], ["Using metacopy", "false"], ["Native Overlay Diff", "true"], ["userxattr", "false"]];
}

/** statfs(2)'s magic numbers in Docker's words. */
function filesystemName(path: string): string {
  const names: Record<number, string> = {
    0xef53: "extfs", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs", 0x794c7630: "overlayfs", 0x2fc12fc1: "zfs", 0x6969: "nfs",
    0xf2f52010: "f2fs", 0xca451a4e: "bcachefs",
  };
  return names[statfsSync(path).type >>> 0] ?? "<unknown>";
}

function registryConfig({ settings }: ServerContext): SystemInfo["RegistryConfig"] {
  const isRange = (entry: string) => entry.includes("/");
  const hosts = settings.insecureRegistries.filter((entry) => !isRange(entry));
  return {
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...settings.insecureRegistries.filter(isRange)],
    IndexConfigs: {
      "docker.io": { Name: "docker.io", Mirrors: settings.registryMirrors, Secure: true, Official: true },
      ...Object.fromEntries(hosts.map((host) => [host, { Name: host, Mirrors: [], Secure: false, Official: false }])),
    },
    Mirrors: settings.registryMirrors,
  };
}

function securityOptions({ containers: { facts, defaults } }: ServerContext): string[] {
  const options: string[] = [];
  if (facts.apparmor) options.push("name=apparmor");
  if (facts.seccomp) options.push(`name=seccomp,profile=${defaults.seccompProfile}`);
  if (facts.cgroupNamespaces && defaults.cgroupnsMode === "private") options.push("name=cgroupns");
  if (defaults.noNewPrivileges) options.push("name=no-new-privileges");
  return options;
}

function warnings({ containers: { facts, defaults }, facts: { warnings: found } }: ServerContext): string[] {
  const lacks: [boolean, string][] = [
    [facts.memoryLimit, "memory limit"], [facts.swapLimit, "swap limit"], [facts.oomKillDisable || facts.cgroupVersion === 2, "oom kill disable"],
    [facts.cpuShares, "cpu shares"], [facts.cpuCfs, "cpu cfs quota"], [facts.cpuset, "cpuset"], [facts.pidsLimit, "pids limit"],
  ];
  return [
    ...lacks.filter(([has]) => !has).map(([, what]) => `WARNING: No ${what} support`),
    ...(facts.ipv4Forwarding ? [] : ["WARNING: IPv4 forwarding is disabled"]),
    ...(defaults.seccompProfile === "builtin" ? [] : ["WARNING: daemon is not using the default seccomp profile"]),
    ...found,
  ];
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** The proxy's address as everybody may see it. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1xxxxx:xxxxx@");
}
