import type { EventBus } from "../api/events.ts";
import type { BuilderDeps } from "../builder/deps.ts";
import type { Swarm } from "../cluster/swarm.ts";
import type { ContainerDeps } from "../container/deps.ts";
import type { ImageDeps } from "../image/deps.ts";
import type { RemoteDeps } from "../image/remote/deps.ts";
import type { Logger } from "../lib/log.ts";
import type { ManagedPluginDeps } from "../managed-plugin/deps.ts";
import type { NetworkDeps } from "../network/deps.ts";
import type { Plugin } from "../plugin/plugin.ts";
import type { Plugins } from "../plugin/plugins.ts";
import type { VolumeDeps } from "../volume/deps.ts";
import type { BuildKit } from "./buildkit/kept-between-calls.ts";

/** What the routes need: the dependencies of the verbs they call, and what the daemon tells of itself. */
export interface ServerDeps {
  containers: ContainerDeps;
  images: ImageDeps;
  /** Registries. */
  remote: RemoteDeps;
  networks: NetworkDeps;
  volumes: VolumeDeps;
  build: BuilderDeps;
  buildkit: BuildKit;
  plugins: Plugins;
  /** Must allow every request, in this order. Replaced as a whole on reload. */
  authorization: readonly Plugin[];
  managedPlugins: ManagedPluginDeps;
  /** This engine's place in a cluster, or in none. */
  swarm: Swarm;
  events: EventBus;
  log: Logger;
  facts: DaemonFacts;
  /** Replaced as a whole on reload. */
  settings: DaemonSettings;
}

/** Does not change while the daemon runs. */
export interface DaemonFacts {
  /** Of this data root, for ever. */
  id: string;
  version: string;
  /** Tells clients that they may offer what is experimental in Docker. */
  experimental: boolean;
  /** Empty where the build does not know. */
  gitCommit: string;
  /** RFC 3339; empty where the build does not know. */
  buildTime: string;
  dataRoot: string;
  hostname: string;
  operatingSystem: string;
  osVersion: string;
  kernelVersion: string;
  /** As uname names it: `x86_64`. */
  machine: string;
  /** Bytes. */
  memory: number;
  /** By name: what `--version` says (its first line). */
  runtimeVersions: Record<string, string>;
  /** What the host lacks, in words for people. */
  warnings: string[];
  httpProxy: string;
  httpsProxy: string;
  noProxy: string;
}

/** The part of the configuration that clients are told. */
export interface DaemonSettings {
  debug: boolean;
  labels: string[];
  insecureRegistries: string[];
  registryMirrors: string[];
}
