/**
 * What clients send of containers, each field once: the schema that a request's body passes through, and by inference
 * the type that both sides work with. Names are the Engine API's; every field may be absent or null.
 */
import { networkingConfig } from "./endpoint.ts";
import {
  boolean,
  choice,
  type Infer,
  integer,
  list,
  map,
  type Schema,
  type Struct,
  set,
  string,
  stringMap,
  strings,
  struct,
  words,
} from "./schema.ts";

/** What is saved of a container, and where (`POST /containers/{id}/checkpoints`). */
export const checkpointRequest = struct({ CheckpointID: string, CheckpointDir: string, Exit: boolean });

/** How a container's health is tested. */
export type HealthConfig = Infer<typeof healthConfig>;
/** Reads a {@link HealthConfig}. */
export const healthConfig = struct({
  Test: strings,
  Interval: integer,
  Timeout: integer,
  Retries: integer,
  StartPeriod: integer,
  StartInterval: integer,
});

const configFields = {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ExposedPorts: set,
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: strings,
  Cmd: words,
  Healthcheck: healthConfig,
  ArgsEscaped: boolean,
  Image: string,
  Volumes: set,
  WorkingDir: string,
  Entrypoint: words,
  NetworkDisabled: boolean,
  OnBuild: strings,
  Labels: stringMap,
  StopSignal: string,
  StopTimeout: integer,
  Shell: words,
};

/** A limit on one block device: a path on the host and a rate. */
export type ThrottleDevice = Infer<typeof throttleDevice>;
const throttleDevice = struct({ Path: string, Rate: integer });
const throttles = list(throttleDevice);

/** A device of the host and where the container finds it; `CgroupPermissions` of `r`, `w` and `m`. */
export type DeviceMapping = Infer<typeof deviceMapping>;
/** Reads a {@link DeviceMapping}. */
export const deviceMapping = struct({ PathOnHost: string, PathInContainer: string, CgroupPermissions: string });

/** A wish for devices by capability, such as GPUs (`--gpus`). */
export type DeviceRequest = Infer<typeof deviceRequest>;
/** Reads a {@link DeviceRequest}. */
export const deviceRequest = struct({
  Driver: string,
  Count: integer,
  DeviceIDs: strings,
  Capabilities: list(strings),
  Options: stringMap,
});

const resourceFields = {
  CpuShares: integer,
  Memory: integer,
  CgroupParent: string,
  BlkioWeight: integer,
  BlkioWeightDevice: list(struct({ Path: string, Weight: integer })),
  BlkioDeviceReadBps: throttles,
  BlkioDeviceWriteBps: throttles,
  BlkioDeviceReadIOps: throttles,
  BlkioDeviceWriteIOps: throttles,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: list(deviceMapping),
  DeviceCgroupRules: strings,
  DeviceRequests: list(deviceRequest),
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  NanoCpus: integer,
  OomKillDisable: boolean,
  Init: boolean,
  PidsLimit: integer,
  Ulimits: list(struct({ Name: string, Soft: integer, Hard: integer })),
  CpuCount: integer,
  CpuPercent: integer,
  IOMaximumIOps: integer,
  IOMaximumBandwidth: integer,
};

/** `no`, `always`, `unless-stopped` or `on-failure`; `MaximumRetryCount` is for the last, 0: no limit. */
export type RestartPolicy = Infer<typeof restartPolicy>;
const restartPolicy = struct({ Name: string, MaximumRetryCount: integer });

/** The kinds of mount in Docker's API. Any text is read as one; what cannot be had is refused later. */
export type MountType = "bind" | "cluster" | "image" | "npipe" | "tmpfs" | "volume";
/** Any word: what is no type of mounts, the container's own check says in better words. */
const mountType: Schema<MountType> = (value, path) => string(value, path) as MountType;

/** One entry of `HostConfig.Mounts` (`--mount`). */
export type Mount = Infer<typeof mount>;
/** Reads a {@link Mount}. */
export const mount = struct({
  Target: string,
  Source: string,
  ReadOnly: boolean,
  Consistency: string,
  Type: mountType,
  BindOptions: struct({
    Propagation: string,
    NonRecursive: boolean,
    CreateMountpoint: boolean,
    ReadOnlyNonRecursive: boolean,
    ReadOnlyForceRecursive: boolean,
    IDMap: string,
  }),
  VolumeOptions: struct({
    NoCopy: boolean,
    Labels: stringMap,
    DriverConfig: struct({ Name: string, Options: stringMap }),
    Subpath: string,
    IDMap: string,
  }),
  ImageOptions: struct({ Subpath: string, ReadWrite: boolean }),
  TmpfsOptions: struct({ SizeBytes: integer, Mode: integer, Options: list(strings) }),
});

/** An address and a port of the host that lead to a port of the container; both are texts and may be empty. */
export type PortBinding = Infer<typeof portBinding>;
const portBinding = struct({ HostIp: string, HostPort: string });
const portBindings = map(list(portBinding));

/** In answers null stands for a port that is exposed and not bound. */
export type PortMap = Record<string, PortBinding[] | null> | null;
/** A port without bindings (null) is published too: on a port of the engine's choice. */
const portMap: Schema<NonNullable<PortMap>> = (value, path) =>
  portBindings(
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([port, list]) => [port, list ?? []]))
      : value,
    path,
  );

/** What becomes of a container that its health check finds unhealthy. A field of Berth's own. */
export type HealthAction = Infer<typeof healthAction>;
const healthAction = choice(
  ["none", "restart", "stop", "kill"],
  "invalid health on-failure action: unknown action '%'; use one of 'none', 'restart', 'stop', or 'kill'",
);

/** The fields of `HostConfig` in `POST /containers/create`. */
export const hostConfigFields = {
  ...resourceFields,
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: struct({ Type: string, Config: stringMap }),
  NetworkMode: string,
  PortBindings: portMap,
  RestartPolicy: restartPolicy,
  HealthOnFailure: healthAction,
  AutoRemove: boolean,
  VolumeDriver: string,
  VolumesFrom: strings,
  Mounts: list(mount),
  ConsoleSize: list(integer),
  Annotations: stringMap,
  CapAdd: words,
  CapDrop: words,
  CgroupnsMode: string,
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: string,
  Cgroup: string,
  Links: strings,
  OomScoreAdj: integer,
  PidMode: string,
  Privileged: boolean,
  PublishAllPorts: boolean,
  ReadonlyRootfs: boolean,
  SecurityOpt: strings,
  StorageOpt: stringMap,
  Tmpfs: stringMap,
  UTSMode: string,
  UsernsMode: string,
  ShmSize: integer,
  Sysctls: stringMap,
  Runtime: string,
  Isolation: string,
  MaskedPaths: strings,
  ReadonlyPaths: strings,
};

/** The part of a container's configuration that can also stand in an image. Each field may be absent or null. */
export type ContainerConfig = Infer<typeof containerConfig>;
/** Reads a {@link ContainerConfig}. Throws `invalid`, with the field's name. */
export const containerConfig = struct(configFields);

/** The part of a container's configuration that is bound to this host. Each field may be absent or null. */
export type HostConfig = Infer<typeof hostConfig>;
const hostConfig = struct(hostConfigFields);

/** Limits on what a container takes: memory in bytes, CPU, processes, devices. */
export type Resources = Infer<typeof resources>;
/** Reads {@link Resources}. Throws `invalid`, with the field's name. */
export const resources = struct(resourceFields);

/** The fields of a body of `POST /containers/create`. */
export const createFields = { ...configFields, HostConfig: hostConfig, NetworkingConfig: networkingConfig };
/** Body of `POST /containers/create`. Each field may be absent or null. */
export type CreateBody = Struct<typeof createFields>;

/** Body of `POST /containers/{id}/update`. `PublishRemove`: a port without bindings goes with all it has. */
export type UpdateBody = Infer<typeof updateRequest>;
/** Reads an {@link UpdateBody}. Throws `invalid`, with the field's name. */
export const updateRequest = struct({
  ...resourceFields,
  RestartPolicy: restartPolicy,
  HealthOnFailure: healthAction,
  PublishAdd: portMap,
  PublishRemove: portMap,
});

/** Body of `POST /containers/{id}/exec`; the console's size is rows and columns. */
export type ExecConfig = Infer<typeof execCreateRequest>;
/** Reads an {@link ExecConfig}. Throws `invalid`, with the field's name. */
export const execCreateRequest = struct({
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ConsoleSize: list(integer),
  DetachKeys: string,
  Tty: boolean,
  Env: strings,
  Cmd: strings,
  Privileged: boolean,
  User: string,
  WorkingDir: string,
});

/** Reads the body of `POST /exec/{id}/start`; the console's size is rows and columns. */
export const execStartRequest = struct({
  Detach: boolean,
  Tty: boolean,
  ConsoleSize: list(integer),
});
