import type { RegistrySettings } from "../../image/remote/endpoints.ts";
import type { LogLevel } from "../../lib/log.ts";
import type { PublishPolicy } from "../../network/options.ts";

/** Everything the daemon is told, from defaults, configuration file, flags and environment; each value checked. */
export interface DaemonConfig {
  configFile: string;
  hosts: string[];
  dockerSocket: boolean;
  group: string | null;
  tls: { enabled: boolean | null; verify: boolean; ca: string; cert: string; key: string };
  dataRoot: string;
  execRoot: string;
  pidfile: string;
  /** Names of the plugins that must allow every request, in this order. */
  authorizationPlugins: string[];
  /** Where plugins are looked for; the first that has one of a name wins. */
  pluginDirs: string[];
  debug: boolean;
  logLevel: LogLevel;
  logFormat: "text" | "json";
  labels: string[];
  /** Clients offer more to an engine that says so: `docker build --squash`. */
  experimental: boolean;
  bridge: {
    name: string;
    bip: string;
    bip6: string;
    fixedCidr: string;
    fixedCidrV6: string;
    ipv6: boolean;
    gateway: string;
    gatewayV6: string;
    icc: boolean;
    masquerade: boolean;
    mtu: number;
  };
  publishAddress: string;
  publishPolicy: PublishPolicy;
  allowDirectRouting: boolean;
  ipForward: boolean;
  hostGatewayIps: string[];
  addressPools: { base: string; size: number }[];
  /** Options that new networks of a driver get unless they name them. */
  networkOptions: Record<string, Record<string, string>>;
  dns: { servers: string[]; search: string[]; options: string[] };
  runtimes: Record<string, { path: string; args?: string[] }>;
  /** null: the best that there is. */
  defaultRuntime: string | null;
  conmonPath: string | null;
  cgroupDriver: "cgroupfs" | "systemd";
  cgroupParent: string;
  /** null: private on cgroup version 2, the host's on version 1, as Docker has it. */
  cgroupnsMode: "private" | "host" | null;
  ipcMode: "private" | "shareable";
  shmSize: number;
  ulimits: { Name: string; Soft: number; Hard: number }[];
  logDriver: string;
  logOpts: Record<string, string>;
  init: boolean;
  /** null: the first that there is. */
  initPath: string | null;
  /** Whether devices may be asked for by name, and the directories that describe them; later ones win. */
  cdi: boolean;
  cdiSpecDirs: string[];
  /** `default`, or `user[:group]`: whose subordinate ids those of containers are; empty: they are the host's. */
  usernsRemap: string;
  noNewPrivileges: boolean;
  seccompProfile: string;
  storageDriver: string | null;
  /** Where the filesystem has no project quotas, size limits are kept by loop devices. */
  loopQuotas: boolean;
  stopTimeout: number;
  shutdownTimeout: number;
  shutdownContainers: boolean;
  maxConcurrentDownloads: number;
  maxConcurrentUploads: number;
  maxDownloadAttempts: number;
  insecureRegistries: string[];
  registryMirrors: string[];
  registries: Record<string, RegistrySettings>;
  proxies: { http: string; https: string; no: string };
  /** Bytes that the build cache may take; null: a tenth of the disk. */
  buildCacheLimit: number | null;
  /** What was asked for and cannot be had, in words for the log. */
  warnings: string[];
}

/** Where settings are read from when `--config-file` does not say. */
export const defaultConfigFile = "/etc/berth/daemon.json";
/** Where the daemon listens when nothing says otherwise. */
export const defaultSocket = "unix:///run/berth/berth.sock";
/** Where Docker's clients look for an engine when nothing says otherwise. */
export const dockerSocket = "unix:///var/run/docker.sock";
