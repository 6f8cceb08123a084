import type { EventBus } from "../api/events.ts";
import type { Build } from "../build/build.ts";
import type { BuildContext } from "../build/context.ts";
import type { IndexedContext } from "../build/source/indexed-context.ts";
import type { ContainerContext } from "../container/context.ts";
import type { ImageContext } from "../image/context.ts";
import type { RemoteContext } from "../image/remote/remote-context.ts";
import type { Logger } from "../lib/log.ts";
import type { NetworkContext } from "../network/context.ts";
import type { VolumeContext } from "../volume/context.ts";

/** What the routes need: the contexts of the verbs they call, and what the daemon tells of itself. */
export interface ServerContext {
  containers: ContainerContext;
  images: ImageContext;
  /** Registries. */
  remote: RemoteContext;
  networks: NetworkContext;
  volumes: VolumeContext;
  build: BuildContext;
  /** By the id that the client gave (so that it can cancel, and send content that is asked for), or one made up. */
  runningBuilds: Map<string, { build: Build; content: IndexedContext | undefined }>;
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
