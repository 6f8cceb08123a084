import { hostname as hostName } from "node:os";
import type { ContainerConfig, DeviceRequest, HostConfig, PortBinding, PortMap } from "../../api/types/container.ts";
import { errorMessage, invalid } from "../../lib/errors.ts";
import { present } from "../../lib/present.ts";
import { defaultMaskedPaths, defaultReadonlyPaths } from "../../runtime/bundle/system-paths.ts";
import type { ContainerDeps } from "../deps.ts";
import { findContainer } from "../lookup.ts";
import { sharedContainer } from "../network/network-files.ts";
import { completePort, exposedPorts } from "../network/port.ts";

/** The request with every field that Docker's own answers carry, so that clients find what they expect. */
export function completeConfig(config: ContainerConfig, hostConfig: HostConfig, id: string): ContainerConfig {
  return present<ContainerConfig>({
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
    Env: config.Env?.length ? config.Env : null,
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
  });
}

/**
 * The daemon's defaults for what the request leaves open; modes of other containers by id, so that a rename does not
 * cut them.
 */
export function completeHostConfig(deps: ContainerDeps, host: HostConfig): HostConfig {
  const privileged = host.Privileged ?? false;
  const logType = host.LogConfig?.Type || deps.defaults.logConfig.Type;
  return present<HostConfig>({
    ...zeroHostConfig,
    ...withoutNulls(host),
    PortBindings: host.PortBindings ? completePorts(host.PortBindings) : null,
    NetworkMode: byId(deps, !host.NetworkMode || host.NetworkMode === "default" ? "bridge" : host.NetworkMode),
    PidMode: byId(deps, host.PidMode ?? "", { required: true }),
    IpcMode: byId(deps, host.IpcMode || deps.defaults.ipcMode, { required: true }),
    // A privileged container sees the host's cgroups on v1 whatever the default; v2 has delegation.
    CgroupnsMode:
      host.CgroupnsMode || (privileged && deps.facts.cgroupVersion === 1 ? "host" : deps.defaults.cgroupnsMode),
    LogConfig: {
      Type: logType,
      Config: {
        ...(logType === deps.defaults.logConfig.Type ? deps.defaults.logConfig.Config : {}),
        ...host.LogConfig?.Config,
      },
    },
    RestartPolicy: {
      Name: host.RestartPolicy?.Name || "no",
      MaximumRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    ...(host.DeviceRequests && { DeviceRequests: host.DeviceRequests.map(completeDeviceRequest) }),
    ShmSize: host.ShmSize || deps.defaults.shmSize,
    Runtime: host.Runtime || deps.defaults.runtime,
    MemorySwap: (host.Memory ?? 0) > 0 && !host.MemorySwap ? (host.Memory ?? 0) * 2 : (host.MemorySwap ?? 0),
    OomKillDisable: host.OomKillDisable ?? false,
    MaskedPaths: host.MaskedPaths ?? (privileged ? null : defaultMaskedPaths(deps.facts)),
    // A container that sees the host's processes gets no SELinux label of its own.
    SecurityOpt:
      host.SecurityOpt ?? (privileged || host.PidMode === "host" || host.IpcMode === "host" ? ["label=disable"] : null),
    ReadonlyPaths: host.ReadonlyPaths ?? (privileged ? null : defaultReadonlyPaths()),
  });
}

/** What an image exposes that is not a valid port is left out. */
function completeExposedPorts(ports: ContainerConfig["ExposedPorts"]): ContainerConfig["ExposedPorts"] {
  const complete = Object.keys(ports ?? {}).flatMap((port) => exposedPorts(port) ?? []);
  return complete.length > 0 ? Object.fromEntries(complete.map((port) => [port, {}])) : undefined;
}

/** Port bindings in full: `80` becomes `80/tcp`, missing fields become empty. A key that is no port stays as it is. */
export function completePorts(ports: NonNullable<PortMap>): Record<string, Required<PortBinding>[]> {
  return Object.fromEntries(
    Object.entries(ports).map(([port, bindings]) => [
      completePort(port) ?? port,
      (bindings ?? []).map(({ HostIp, HostPort }) => ({ HostIp: HostIp ?? "", HostPort: HostPort ?? "" })),
    ]),
  );
}

/**
 * A container whose network is to be shared may come later; the start will say so. What is no name at all is
 * validateNamespaces' affair.
 */
function byId(deps: ContainerDeps, mode: string, { required = false } = {}): string {
  const ref = sharedContainer(mode);
  if (!ref) return mode;
  try {
    return `container:${findContainer(deps, ref).id}`;
  } catch (error) {
    if (required) throw invalid(errorMessage(error), error);
    return mode;
  }
}

function completeDeviceRequest(request: DeviceRequest): DeviceRequest {
  return { Driver: "", Count: 0, DeviceIDs: null, Capabilities: null, Options: null, ...request };
}

function hasKeys(object: object | null | undefined): boolean {
  return object != null && Object.keys(object).length > 0;
}

/** null and absent mean the same in a request. */
function withoutNulls(host: HostConfig): HostConfig {
  return Object.fromEntries(Object.entries(host).filter(([, value]) => value !== null && value !== undefined));
}

/** In the order that Docker writes them; those without a value are left out until they have one. */
const zeroHostConfig: { [K in keyof HostConfig]: HostConfig[K] | undefined } = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: undefined,
  NetworkMode: "",
  PortBindings: null,
  RestartPolicy: undefined,
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  Annotations: undefined,
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "",
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  StorageOpt: undefined,
  Tmpfs: undefined,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 0,
  Sysctls: undefined,
  Runtime: "",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  Mounts: undefined,
  MaskedPaths: null,
  ReadonlyPaths: null,
  Init: undefined,
};
