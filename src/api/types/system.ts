import type { GenericResources, SwarmInfo } from "./swarm.ts";

/** What clients send is defined by its schema. */
export type { AuthConfig } from "../schema/auth.ts";

/** `AuthResponse` of the Engine API. */
export interface AuthResponse {
  Status: string;
  IdentityToken?: string;
}

/** `Commit` of the Engine API. */
export interface Commit {
  ID?: string;
}

/** `ContainerdInfo` of the Engine API. */
export type ContainerdInfo = {
  Address?: string;
  Namespaces?: {
    Containers?: string;
    Plugins?: string;
  };
} | null;

/** `DeviceInfo` of the Engine API. */
export interface DeviceInfo {
  Source?: string;
  ID?: string;
}

/** `EventActor` of the Engine API. */
export interface EventActor {
  ID?: string;
  Attributes?: Record<string, string>;
}

/** `EventMessage` of the Engine API. */
export interface EventMessage {
  Type?:
    | "builder"
    | "config"
    | "container"
    | "daemon"
    | "image"
    | "network"
    | "node"
    | "plugin"
    | "secret"
    | "service"
    | "volume";
  Action?: string;
  Actor?: EventActor;
  scope?: "local" | "swarm";
  time?: number;
  timeNano?: number;
}

/** `FirewallInfo` of the Engine API. */
export type FirewallInfo = {
  Driver?: string;
  Info?: string[][];
} | null;

/** `IndexInfo` of the Engine API. */
export type IndexInfo = {
  Name?: string;
  Mirrors?: string[];
  Secure?: boolean;
  Official?: boolean;
} | null;

/** `NRIInfo` of the Engine API. */
export type NRIInfo = {
  Info?: string[][];
} | null;

/** `PluginsInfo` of the Engine API. */
export interface PluginsInfo {
  Volume?: string[];
  Network?: string[];
  Authorization?: string[] | null;
  Log?: string[];
}

/** `RegistryServiceConfig` of the Engine API. */
export type RegistryServiceConfig = {
  InsecureRegistryCIDRs?: string[];
  IndexConfigs?: Record<string, IndexInfo>;
  Mirrors?: string[] | null;
} | null;

/** `Runtime` of the Engine API. */
export interface Runtime {
  path?: string;
  runtimeArgs?: string[] | null;
  status?: Record<string, string> | null;
}

/** `SystemInfo` of the Engine API. */
export interface SystemInfo {
  ID?: string;
  Containers?: number;
  ContainersRunning?: number;
  ContainersPaused?: number;
  ContainersStopped?: number;
  Images?: number;
  Driver?: string;
  DriverStatus?: string[][];
  DockerRootDir?: string;
  Plugins?: PluginsInfo;
  MemoryLimit?: boolean;
  SwapLimit?: boolean;
  CpuCfsPeriod?: boolean;
  CpuCfsQuota?: boolean;
  CPUShares?: boolean;
  CPUSet?: boolean;
  PidsLimit?: boolean;
  OomKillDisable?: boolean;
  IPv4Forwarding?: boolean;
  Debug?: boolean;
  NFd?: number;
  NGoroutines?: number;
  SystemTime?: string;
  LoggingDriver?: string;
  CgroupDriver?: "cgroupfs" | "systemd" | "none";
  CgroupVersion?: "1" | "2";
  NEventsListener?: number;
  KernelVersion?: string;
  OperatingSystem?: string;
  OSVersion?: string;
  OSType?: string;
  Architecture?: string;
  NCPU?: number;
  MemTotal?: number;
  IndexServerAddress?: string;
  RegistryConfig?: RegistryServiceConfig;
  GenericResources?: GenericResources | null;
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  Name?: string;
  Labels?: string[];
  ExperimentalBuild?: boolean;
  ServerVersion?: string;
  Runtimes?: Record<string, Runtime>;
  DefaultRuntime?: string;
  Swarm?: SwarmInfo;
  LiveRestoreEnabled?: boolean;
  Isolation?: "default" | "hyperv" | "process" | "";
  InitBinary?: string;
  ContainerdCommit?: Commit;
  RuncCommit?: Commit;
  InitCommit?: Commit;
  SecurityOptions?: string[];
  ProductLicense?: string;
  DefaultAddressPools?: {
    Base?: string;
    Size?: number;
  }[];
  FirewallBackend?: FirewallInfo;
  DiscoveredDevices?: DeviceInfo[];
  NRI?: NRIInfo;
  Warnings?: string[] | null;
  CDISpecDirs?: string[];
  Containerd?: ContainerdInfo;
}

/** `SystemVersion` of the Engine API. */
export interface SystemVersion {
  Platform?: {
    Name: string;
  };
  Components?: {
    Name: string;
    Version: string;
    Details?: Record<string, unknown> | null;
  }[];
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
  GitCommit?: string;
  GoVersion?: string;
  Os?: string;
  Arch?: string;
  KernelVersion?: string;
  Experimental?: boolean;
  BuildTime?: string;
}

/** `ErrorResponse` of the Engine API. */
export interface ErrorResponse {
  message: string;
}
