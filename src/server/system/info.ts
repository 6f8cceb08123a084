import { readdirSync } from "node:fs";
import type { SystemInfo } from "../../api/types/system.ts";
import { dockerRelease } from "../../api/version.ts";
import { countContainers } from "../../container/view/count.ts";
import { imageIds } from "../../image/find.ts";
import { timeNow } from "../../linux/clock.ts";
import type { PluginKind } from "../../plugin/plugin.ts";
import type { Discovered } from "../../runtime/cdi/registry.ts";
import type { ServerDeps } from "../deps.ts";

/** The answer of `GET /info`. */
export function systemInfo(deps: ServerDeps): SystemInfo {
  const { facts, settings, containers } = deps;
  const host = containers.facts;
  const { runtime, defaults } = containers;
  const found = containers.cdi?.discover() ?? { devices: new Map(), errors: [] };
  return {
    ID: facts.id,
    ...containerCounts(deps),
    Images: imageIds(deps.images).length,
    Driver: deps.images.snapshotter.driver,
    DriverStatus: deps.images.snapshotter.status(),
    Plugins: {
      Volume: withPlugins(deps, "VolumeDriver", deps.volumes.drivers.builtin.keys()),
      Network: withPlugins(deps, "NetworkDriver", deps.networks.drivers.builtin.keys()),
      Authorization: deps.authorization.length > 0 ? deps.authorization.map(({ name }) => name) : null,
      // To keep no log at all is a choice, not a driver.
      Log: withPlugins(deps, "LogDriver", runtime.logDrivers.names()).filter((name) => name !== "none"),
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
    SystemTime: timeNow(),
    LoggingDriver: defaults.logConfig.Type,
    CgroupDriver: runtime.cgroupDriver,
    CgroupVersion: host.cgroupVersion === 2 ? "2" : "1",
    NEventsListener: deps.events.subscriberCount,
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.osVersion,
    OSType: "linux",
    Architecture: facts.machine,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: registryConfig(deps),
    GenericResources: null,
    NCPU: host.cpus,
    MemTotal: facts.memory,
    DockerRootDir: facts.dataRoot,
    HttpProxy: withoutCredentials(facts.httpProxy),
    HttpsProxy: withoutCredentials(facts.httpsProxy),
    NoProxy: facts.noProxy,
    Name: facts.hostname,
    Labels: settings.labels,
    ExperimentalBuild: facts.experimental,
    ServerVersion: dockerRelease,
    Runtimes: Object.fromEntries(
      Object.entries(deps.build.runtime.runtimes).map(([name, { path, args }]) => [
        name,
        { path, ...(args && { runtimeArgs: args }) },
      ]),
    ),
    DefaultRuntime: defaults.runtime,
    Swarm: deps.swarm.info(),
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: defaults.initPath,
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: facts.runtimeVersions[defaults.runtime] ?? "" },
    InitCommit: { ID: "" },
    SecurityOptions: securityOptions(deps),
    DefaultAddressPools: deps.networks.addressPools.map(({ base, size }) => ({ Base: base, Size: size })),
    // The one line of `docker info` that names the product.
    ProductLicense: `Berth ${facts.version}, Apache License 2.0`,
    CDISpecDirs: [...(containers.cdi?.dirs ?? [])],
    ...(found.devices.size > 0 && {
      DiscoveredDevices: [...found.devices.keys()].map((name) => ({ Source: "cdi", ID: name })),
    }),
    FirewallBackend: { Driver: "nftables" },
    Warnings: warnings(deps, found),
  };
}

/** With the plugins of the kind that have been used; those that the engine runs are told of by `GET /plugins`. */
function withPlugins({ plugins }: ServerDeps, kind: PluginKind, builtin: Iterable<string>): string[] {
  const found = plugins.active(kind).filter(({ managed }) => !managed);
  return [...builtin, ...found.map(({ name }) => name)].sort();
}

function containerCounts({
  containers,
}: ServerDeps): Pick<SystemInfo, "Containers" | "ContainersRunning" | "ContainersPaused" | "ContainersStopped"> {
  const { all, running, paused } = countContainers(containers);
  return {
    Containers: all,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: all - running - paused,
  };
}

function registryConfig({ settings }: ServerDeps): NonNullable<SystemInfo["RegistryConfig"]> {
  const isRange = (entry: string) => entry.includes("/");
  const hosts = settings.insecureRegistries.filter((entry) => !isRange(entry));
  return {
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...settings.insecureRegistries.filter(isRange)],
    IndexConfigs: {
      "docker.io": { Name: "docker.io", Mirrors: settings.registryMirrors, Secure: true, Official: true },
      ...Object.fromEntries(hosts.map((host) => [host, { Name: host, Mirrors: [], Secure: false, Official: false }])),
    },
    Mirrors: settings.registryMirrors.length > 0 ? settings.registryMirrors : null,
  };
}

function securityOptions({ containers: { facts, defaults, remap } }: ServerDeps): string[] {
  const options: string[] = [];
  if (facts.apparmor) options.push("name=apparmor");
  if (facts.seccomp) options.push(`name=seccomp,profile=${defaults.seccompProfile}`);
  if (facts.cgroupNamespaces && defaults.cgroupnsMode === "private") options.push("name=cgroupns");
  if (defaults.noNewPrivileges) options.push("name=no-new-privileges");
  if (remap) options.push("name=userns");
  return options;
}

function warnings(
  { containers: { facts, defaults }, facts: { warnings: found } }: ServerDeps,
  { errors }: Discovered,
): string[] | null {
  const lacks: [boolean, string][] = [
    [facts.memoryLimit, "memory limit"],
    [facts.swapLimit, "swap limit"],
    [facts.oomKillDisable || facts.cgroupVersion === 2, "oom kill disable"],
    [facts.cpuShares, "cpu shares"],
    [facts.cpuCfs, "cpu cfs quota"],
    [facts.cpuset, "cpuset"],
    [facts.pidsLimit, "pids limit"],
  ];
  const all = [
    ...lacks.filter(([has]) => !has).map(([, what]) => `WARNING: No ${what} support`),
    ...(facts.ipv4Forwarding ? [] : ["WARNING: IPv4 forwarding is disabled"]),
    ...(defaults.seccompProfile === "builtin" ? [] : ["WARNING: daemon is not using the default seccomp profile"]),
    ...found,
    ...errors.map(({ file, message }) => `CDI: Error associated with spec file ${file}: ${message}`),
  ];
  return all.length > 0 ? all : null;
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** The proxy's address as everybody may see it. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1xxxxx:xxxxx@");
}
