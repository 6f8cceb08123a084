import type { ContainerConfig, DeviceRequest, HealthConfig, HostConfig, Mount, PortBinding, Resources, RestartPolicy, ThrottleDevice } from "../../api/types/container.ts";
import type { EndpointIPAMConfig, EndpointSettings, NetworkingConfig } from "../../api/types/network.ts";
import type { ExecConfig } from "../../container/exec.ts";
import type { LegacyCreate } from "../compat/requests.ts";
import { boolean, integer, list, map, object, set, string, stringMap, strings, words, type Fields, type Schema } from "./schema.ts";

const health = object<HealthConfig>({ Test: strings, Interval: integer, Timeout: integer, Retries: integer, StartPeriod: integer, StartInterval: integer });

const configFields: Fields<ContainerConfig> = {
  Hostname: string, Domainname: string, User: string, AttachStdin: boolean, AttachStdout: boolean, AttachStderr: boolean, ExposedPorts: set, Tty: boolean,
  OpenStdin: boolean, StdinOnce: boolean, Env: strings, Cmd: words, Healthcheck: health, ArgsEscaped: boolean, Image: string, Volumes: set,
  WorkingDir: string, Entrypoint: words, NetworkDisabled: boolean, OnBuild: strings, Labels: stringMap, StopSignal: string, StopTimeout: integer,
  Shell: words,
};

const throttles = list(object<ThrottleDevice>({ Path: string, Rate: integer }));

const resourceFields: Fields<Resources> = {
  CpuShares: integer, Memory: integer, CgroupParent: string, BlkioWeight: integer,
  BlkioWeightDevice: list(object({ Path: string, Weight: integer })),
  BlkioDeviceReadBps: throttles, BlkioDeviceWriteBps: throttles, BlkioDeviceReadIOps: throttles, BlkioDeviceWriteIOps: throttles,
  CpuPeriod: integer, CpuQuota: integer, CpuRealtimePeriod: integer, CpuRealtimeRuntime: integer, CpusetCpus: string, CpusetMems: string,
  Devices: list(object({ PathOnHost: string, PathInContainer: string, CgroupPermissions: string })),
  DeviceCgroupRules: strings,
  DeviceRequests: list(object<DeviceRequest>({ Driver: string, Count: integer, DeviceIDs: strings, Capabilities: list(strings), Options: stringMap })),
  MemoryReservation: integer, MemorySwap: integer, MemorySwappiness: integer, NanoCpus: integer, OomKillDisable: boolean, Init: boolean,
  PidsLimit: integer, Ulimits: list(object({ Name: string, Soft: integer, Hard: integer })),
  CpuCount: integer, CpuPercent: integer, IOMaximumIOps: integer, IOMaximumBandwidth: integer,
};

const restartPolicy = object<RestartPolicy>({ Name: string, MaximumRetryCount: integer });

/** Any word: what is no type of mounts, the container's own check says in better words. */
const mountType: Schema<NonNullable<Mount["Type"]>> = (value, path) => string(value, path) as NonNullable<Mount["Type"]>;

const mount = object<Mount>({
  Target: string, Source: string, ReadOnly: boolean, Consistency: string,
  Type: mountType,
  BindOptions: object({ Propagation: string, NonRecursive: boolean, CreateMountpoint: boolean, ReadOnlyNonRecursive: boolean, ReadOnlyForceRecursive: boolean }),
  VolumeOptions: object({ NoCopy: boolean, Labels: stringMap, DriverConfig: object({ Name: string, Options: stringMap }), Subpath: string }),
  ImageOptions: object({ Subpath: string }),
  TmpfsOptions: object({ SizeBytes: integer, Mode: integer, Options: list(strings) }),
});

/** A port without bindings (null) is published too: on a port of the engine's choice. */
const portMap: Schema<Record<string, PortBinding[]>> = (value, path) => {
  const bindings = list(object<PortBinding>({ HostIp: string, HostPort: string }));
  const present = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).map(([port, list]) => [port, list ?? []])) : value;
  return map(bindings)(present, path);
};

const hostConfigFields: Fields<HostConfig> = {
  ...resourceFields,
  Binds: strings, ContainerIDFile: string, LogConfig: object({ Type: string, Config: stringMap }), NetworkMode: string, PortBindings: portMap,
  RestartPolicy: restartPolicy, AutoRemove: boolean, VolumeDriver: string, VolumesFrom: strings, Mounts: list(mount), ConsoleSize: list(integer),
  Annotations: stringMap, CapAdd: words, CapDrop: words, CgroupnsMode: string, Dns: strings, DnsOptions: strings, DnsSearch: strings,
  ExtraHosts: strings, GroupAdd: strings, IpcMode: string, Cgroup: string, Links: strings, OomScoreAdj: integer, PidMode: string,
  Privileged: boolean, PublishAllPorts: boolean, ReadonlyRootfs: boolean, SecurityOpt: strings, StorageOpt: stringMap, Tmpfs: stringMap,
  UTSMode: string, UsernsMode: string, ShmSize: integer, Sysctls: stringMap, Runtime: string, Isolation: string, MaskedPaths: strings,
  ReadonlyPaths: strings,
};

const ipam = object<NonNullable<EndpointIPAMConfig>>({ IPv4Address: string, IPv6Address: string, LinkLocalIPs: strings });

export const endpointSettings = object<EndpointSettings>({
  IPAMConfig: ipam, Links: strings, MacAddress: string, Aliases: strings, DriverOpts: stringMap, GwPriority: integer, NetworkID: string,
  EndpointID: string, Gateway: string, IPAddress: string, IPPrefixLen: integer, IPv6Gateway: string, GlobalIPv6Address: string,
  GlobalIPv6PrefixLen: integer, DNSNames: strings,
});

/** A network without settings (null) is joined all the same. */
const endpoints: Schema<Record<string, EndpointSettings>> = (value, path) => {
  const present = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).map(([name, settings]) => [name, settings ?? {}])) : value;
  return map(endpointSettings)(present, path);
};

const networkingConfig = object<NetworkingConfig>({ EndpointsConfig: endpoints });

export const containerConfig = object<ContainerConfig>(configFields);

/** Body of container create, with the fields that only older clients send. */
export const createRequest = object<LegacyCreate>({
  ...configFields,
  HostConfig: object({ ...hostConfigFields, Capabilities: strings }),
  NetworkingConfig: networkingConfig,
  MacAddress: string,
});

export const updateRequest = object<Resources & { RestartPolicy?: RestartPolicy | null }>({ ...resourceFields, RestartPolicy: restartPolicy });

export const execCreateRequest = object<ExecConfig>({
  AttachStdin: boolean, AttachStdout: boolean, AttachStderr: boolean, ConsoleSize: list(integer), DetachKeys: string, Tty: boolean, Env: strings,
  Cmd: strings, Privileged: boolean, User: string, WorkingDir: string,
});

export const execStartRequest = object<{ Detach?: boolean; Tty?: boolean; ConsoleSize?: number[] }>({ Detach: boolean, Tty: boolean, ConsoleSize: list(integer) });
