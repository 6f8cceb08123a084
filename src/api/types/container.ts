import type { ContainerConfig, HostConfig, MountType, PortMap } from "../schema/container.ts";
import type { OCIDescriptor } from "./descriptor.ts";
import type { EndpointSettings } from "./network.ts";

/** What clients send is defined by its schema. */
export type {
  ContainerConfig,
  CreateBody,
  DeviceMapping,
  DeviceRequest,
  ExecConfig,
  HealthAction,
  HealthConfig,
  HostConfig,
  Mount,
  MountType,
  PortBinding,
  PortMap,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  UpdateBody,
} from "../schema/container.ts";

/** `MountPoint` of the Engine API. */
export interface MountPoint {
  Type?: MountType;
  Name?: string;
  Source?: string;
  Destination?: string;
  Driver?: string;
  Mode?: string;
  RW?: boolean;
  Propagation?: string;
}

/** `ContainerCreateResponse` of the Engine API. */
export interface ContainerCreateResponse {
  Id: string;
  Warnings: string[];
}

/** `ContainerInspectResponse` of the Engine API. */
export interface ContainerInspectResponse {
  Id?: string;
  Created?: string | null;
  Path?: string;
  Args?: string[];
  State?: ContainerState;
  Image?: string;
  ResolvConfPath?: string;
  HostnamePath?: string;
  HostsPath?: string;
  LogPath?: string | null;
  Name?: string;
  RestartCount?: number;
  Driver?: string;
  Platform?: string;
  ImageManifestDescriptor?: OCIDescriptor;
  MountLabel?: string;
  ProcessLabel?: string;
  AppArmorProfile?: string;
  ExecIDs?: string[] | null;
  HostConfig?: HostConfig;
  GraphDriver?: DriverData | null;
  Storage?: Storage | null;
  SizeRw?: number | null;
  SizeRootFs?: number | null;
  Mounts?: MountPoint[];
  Config?: ContainerConfig;
  NetworkSettings?: NetworkSettings;
}

/** `ContainerState` of the Engine API. */
export type ContainerState = {
  Status?: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  Running?: boolean;
  Paused?: boolean;
  Restarting?: boolean;
  OOMKilled?: boolean;
  Dead?: boolean;
  Pid?: number;
  ExitCode?: number;
  Error?: string;
  StartedAt?: string;
  FinishedAt?: string;
  Health?: Health;
} | null;

/** `Health` of the Engine API. */
export type Health = {
  Status?: "none" | "starting" | "healthy" | "unhealthy";
  FailingStreak?: number;
  Log?: HealthcheckResult[];
} | null;

/** `HealthcheckResult` of the Engine API. */
export type HealthcheckResult = {
  Start?: string;
  End?: string;
  ExitCode?: number;
  Output?: string;
} | null;

/** `ContainerSummary` of the Engine API. */
export interface ContainerSummary {
  Id?: string;
  Names?: string[];
  Image?: string;
  ImageID?: string;
  ImageManifestDescriptor?: OCIDescriptor | null;
  Command?: string;
  Created?: number;
  Ports?: PortSummary[];
  SizeRw?: number | null;
  SizeRootFs?: number | null;
  Labels?: Record<string, string>;
  State?: "created" | "running" | "paused" | "restarting" | "exited" | "removing" | "dead";
  Status?: string;
  HostConfig?: {
    NetworkMode?: string;
    Annotations?: Record<string, string> | null;
  };
  NetworkSettings?: {
    Networks?: Record<string, EndpointSettings>;
  };
  Mounts?: MountPoint[];
  Health?: {
    Status?: "none" | "starting" | "healthy" | "unhealthy";
    FailingStreak?: number;
  };
}

/** `PortSummary` of the Engine API. */
export interface PortSummary {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: "tcp" | "udp" | "sctp";
}

/** `ContainerStatsResponse` of the Engine API. */
export interface ContainerStatsResponse {
  id?: string | null;
  name?: string | null;
  os_type?: string | null;
  read?: string;
  cpu_stats?: ContainerCPUStats;
  memory_stats?: ContainerMemoryStats;
  networks?: Record<string, ContainerNetworkStats> | null;
  pids_stats?: ContainerPidsStats;
  blkio_stats?: ContainerBlkioStats;
  num_procs?: number;
  storage_stats?: ContainerStorageStats;
  preread?: string;
  precpu_stats?: ContainerCPUStats;
}

/** `ContainerBlkioStatEntry` of the Engine API. */
export type ContainerBlkioStatEntry = {
  major?: number;
  minor?: number;
  op?: string;
  value?: number;
} | null;

/** `ContainerBlkioStats` of the Engine API. */
export type ContainerBlkioStats = {
  io_service_bytes_recursive?: ContainerBlkioStatEntry[] | null;
  io_serviced_recursive?: ContainerBlkioStatEntry[] | null;
  io_queue_recursive?: ContainerBlkioStatEntry[] | null;
  io_service_time_recursive?: ContainerBlkioStatEntry[] | null;
  io_wait_time_recursive?: ContainerBlkioStatEntry[] | null;
  io_merged_recursive?: ContainerBlkioStatEntry[] | null;
  io_time_recursive?: ContainerBlkioStatEntry[] | null;
  sectors_recursive?: ContainerBlkioStatEntry[] | null;
} | null;

/** `ContainerCPUStats` of the Engine API. */
export type ContainerCPUStats = {
  cpu_usage?: ContainerCPUUsage;
  system_cpu_usage?: number | null;
  online_cpus?: number | null;
  throttling_data?: ContainerThrottlingData;
} | null;

/** `ContainerCPUUsage` of the Engine API. */
export type ContainerCPUUsage = {
  total_usage?: number;
  percpu_usage?: number[] | null;
  usage_in_kernelmode?: number;
  usage_in_usermode?: number;
} | null;

/** `ContainerMemoryStats` of the Engine API. */
export interface ContainerMemoryStats {
  usage?: number | null;
  max_usage?: number | null;
  stats?: Record<string, number> | null;
  failcnt?: number | null;
  limit?: number | null;
  commitbytes?: number | null;
  commitpeakbytes?: number | null;
  privateworkingset?: number | null;
}

/** `ContainerNetworkStats` of the Engine API. */
export type ContainerNetworkStats = {
  rx_bytes?: number;
  rx_packets?: number;
  rx_errors?: number;
  rx_dropped?: number;
  tx_bytes?: number;
  tx_packets?: number;
  tx_errors?: number;
  tx_dropped?: number;
  endpoint_id?: string | null;
  instance_id?: string | null;
} | null;

/** `ContainerPidsStats` of the Engine API. */
export type ContainerPidsStats = {
  current?: number | null;
  limit?: number | null;
} | null;

/** `ContainerStorageStats` of the Engine API. */
export type ContainerStorageStats = {
  read_count_normalized?: number | null;
  read_size_bytes?: number | null;
  write_count_normalized?: number | null;
  write_size_bytes?: number | null;
} | null;

/** `ContainerThrottlingData` of the Engine API. */
export type ContainerThrottlingData = {
  periods?: number;
  throttled_periods?: number;
  throttled_time?: number;
} | null;

/** `ContainerTopResponse` of the Engine API. */
export interface ContainerTopResponse {
  Titles?: string[];
  Processes?: string[][];
}

/** `ContainerUpdateResponse` of the Engine API. */
export interface ContainerUpdateResponse {
  Warnings?: string[] | null;
}

/** `ContainerWaitExitError` of the Engine API. */
export interface ContainerWaitExitError {
  Message?: string;
}

/** `ContainerWaitResponse` of the Engine API. */
export interface ContainerWaitResponse {
  StatusCode: number;
  Error?: ContainerWaitExitError;
}

/** `ChangeType` of the Engine API. */
export type ChangeType = number;

/** `FilesystemChange` of the Engine API. */
export interface FilesystemChange {
  Path: string;
  Kind: ChangeType;
}

/** `ProcessConfig` of the Engine API; a request shape, so every field may be absent or null. */
export interface ProcessConfig {
  privileged?: boolean | null;
  user?: string | null;
  tty?: boolean | null;
  entrypoint?: string | null;
  arguments?: string[] | null;
}

/** `NetworkSettings` of the Engine API. */
export interface NetworkSettings {
  SandboxID?: string;
  SandboxKey?: string;
  Ports?: PortMap;
  Networks?: Record<string, EndpointSettings>;
}

/** `Address` of the Engine API. */
export interface Address {
  Addr?: string;
  PrefixLen?: number;
}

/** `DriverData` of the Engine API. */
export interface DriverData {
  Name: string;
  /** Null: it has no directories. */
  Data: Record<string, string> | null;
}

/** `Storage` of the Engine API. */
export interface Storage {
  RootFS?: RootFSStorage | null;
}

/** `RootFSStorage` of the Engine API. */
export interface RootFSStorage {
  Snapshot?: RootFSStorageSnapshot | null;
}

/** `RootFSStorageSnapshot` of the Engine API. */
export interface RootFSStorageSnapshot {
  Name?: string;
}

/** `IDResponse` of the Engine API. */
export interface IDResponse {
  Id: string;
}

/** `ContainersDiskUsage` of the Engine API. */
export interface ContainersDiskUsage {
  ActiveCount?: number;
  TotalCount?: number;
  Reclaimable?: number;
  TotalSize?: number;
  Items?: unknown[];
}
