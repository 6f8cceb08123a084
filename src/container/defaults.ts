import { hostname as hostName } from "node:os";
import type { ContainerConfig, HostConfig, PortMap } from "../api/types/container.ts";
import type { ContainerContext } from "./context.ts";
import { sharedContainer } from "./network-files.ts";
import { findContainer } from "./lookup.ts";
import { completePort } from "./port.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "../runtime/spec/system-paths.ts";

/** The request with every field that Docker's own answers carry, so that clients find what they expect. */
export function completeConfig(config: ContainerConfig, hostConfig: HostConfig, id: string): ContainerConfig {
  return {
    ...config,
    Hostname: config.Hostname || (hostConfig.NetworkMode === "host" ? hostName() : id.slice(0, 12)),
    Domainname: config.Domainname ?? "",
    User: config.User ?? "",
    AttachStdin: config.AttachStdin ?? false,
    AttachStdout: config.AttachStdout ?? false,
    AttachStderr: config.AttachStderr ?? false,
    Tty: config.Tty ?? false,
    OpenStdin: config.OpenStdin ?? false,
    StdinOnce: config.StdinOnce ?? false,
    Env: config.Env ?? [],
    Cmd: config.Cmd ?? null,
    Image: config.Image ?? "",
    Volumes: hasKeys(config.Volumes) ? config.Volumes : null,
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? {},
    ExposedPorts: completeExposedPorts(config.ExposedPorts),
    Healthcheck: config.Healthcheck ?? undefined,
    StopSignal: config.StopSignal || undefined,
  };
}

/** The daemon's defaults for what the request leaves open; modes of other containers by id, so that a rename does not cut them. */
export function completeHostConfig(ctx: ContainerContext, host: HostConfig): HostConfig {
  const privileged = host.Privileged ?? false;
  const logType = host.LogConfig?.Type || ctx.defaults.logConfig.Type;
  return {
    ...zeroHostConfig,
    ...withoutNulls(host),
    PortBindings: completePorts(host.PortBindings),
    NetworkMode: byId(ctx, !host.NetworkMode || host.NetworkMode === "default" ? "bridge" : host.NetworkMode),
    PidMode: byId(ctx, host.PidMode ?? ""),
    IpcMode: byId(ctx, host.IpcMode || ctx.defaults.ipcMode),
    // A privileged container sees the host's cgroups on v1 whatever the default; v2 has delegation.
    CgroupnsMode: host.CgroupnsMode || (privileged && ctx.facts.cgroupVersion === 1 ? "host" : ctx.defaults.cgroupnsMode),
    LogConfig: { Type: logType, Config: { ...(logType === ctx.defaults.logConfig.Type ? ctx.defaults.logConfig.Config : {}), ...host.LogConfig?.Config } },
    RestartPolicy: { Name: host.RestartPolicy?.Name || "no", MaximumRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0 },
    ShmSize: host.ShmSize || ctx.defaults.shmSize,
    Runtime: host.Runtime || ctx.defaults.runtime,
    MemorySwap: (host.Memory ?? 0) > 0 && !host.MemorySwap ? (host.Memory ?? 0) * 2 : (host.MemorySwap ?? 0),
    OomKillDisable: host.OomKillDisable ?? false,
    MaskedPaths: host.MaskedPaths ?? (privileged ? null : defaultMaskedPaths(ctx.facts)),
    // Who sees the host's processes is under no label of its own.
    SecurityOpt: host.SecurityOpt ?? (privileged || host.PidMode === "host" || host.IpcMode === "host" ? ["label=disable"] : null),
    ReadonlyPaths: host.ReadonlyPaths ?? (privileged ? null : defaultReadonlyPaths()),
  };
}

/** What an image says that is no port is left out. */
function completeExposedPorts(ports: ContainerConfig["ExposedPorts"]): ContainerConfig["ExposedPorts"] {
  const complete = Object.keys(ports ?? {}).map(completePort).filter((port) => port !== null);
  return complete.length > 0 ? Object.fromEntries(complete.map((port) => [port, {}])) : undefined;
}

function completePorts(ports: HostConfig["PortBindings"]): PortMap {
  return Object.fromEntries(Object.entries(ports ?? {}).map(([port, bindings]) => [completePort(port) ?? port, (bindings ?? []).map(({ HostIp, HostPort }) => ({ HostIp: HostIp ?? "", HostPort: HostPort ?? "" }))]));
}

function byId(ctx: ContainerContext, mode: string): string {
  const ref = sharedContainer(mode);
  if (ref === undefined) return mode;
  try {
    return `container:${findContainer(ctx, ref).id}`;
  } catch {
    // The start will say so.
    return mode;
  }
}

function hasKeys(object: object | null | undefined): boolean {
  return object != null && Object.keys(object).length > 0;
}

/** null and absent mean the same in a request. */
function withoutNulls(host: HostConfig): HostConfig {
  return Object.fromEntries(Object.entries(host).filter(([, value]) => value !== null && value !== undefined));
}

/** In the order that Docker writes them; those without a value are left out until they have one. */
const zeroHostConfig: HostConfig = {
  Binds: null, ContainerIDFile: "", LogConfig: undefined, NetworkMode: "", PortBindings: {}, RestartPolicy: undefined, AutoRemove: false,
  VolumeDriver: "", VolumesFrom: null, ConsoleSize: [0, 0], Annotations: undefined, CapAdd: null, CapDrop: null, CgroupnsMode: "", Dns: [],
  DnsOptions: [], DnsSearch: [], ExtraHosts: null, GroupAdd: null, IpcMode: "", Cgroup: "", Links: null, OomScoreAdj: 0, PidMode: "",
  Privileged: false, PublishAllPorts: false, ReadonlyRootfs: false, SecurityOpt: null, StorageOpt: undefined, Tmpfs: undefined, UTSMode: "",
  UsernsMode: "", ShmSize: 0, Sysctls: undefined, Runtime: "", Isolation: "", CpuShares: 0, Memory: 0, NanoCpus: 0, CgroupParent: "",
  BlkioWeight: 0, BlkioWeightDevice: [], BlkioDeviceReadBps: [], BlkioDeviceWriteBps: [], BlkioDeviceReadIOps: [], BlkioDeviceWriteIOps: [],
  CpuPeriod: 0, CpuQuota: 0, CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0, CpusetCpus: "", CpusetMems: "", Devices: [], DeviceCgroupRules: null,
  DeviceRequests: null, MemoryReservation: 0, MemorySwap: 0, MemorySwappiness: null, OomKillDisable: false, PidsLimit: null, Ulimits: [],
  CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0, Mounts: undefined, MaskedPaths: null, ReadonlyPaths: null, Init: undefined,
};
