import type { EventBus } from "../api/events.ts";
import type { Resources } from "../api/types/container.ts";
import type { Images, RootFilesystems } from "../image/for-containers.ts";
import type { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { IdMaps } from "../linux/id-maps.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { Networks } from "../network/for-containers.ts";
import type { HostFacts } from "../runtime/bundle/types.ts";
import type { CdiRegistry } from "../runtime/cdi/registry.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Store } from "../store/store.ts";
import type { Volumes } from "../volume/for-containers.ts";
import type { LiveContainers } from "./live.ts";

/** What the verbs of `container/` need. Put together by daemon/wire.ts. */
export interface ContainerDeps {
  store: Store;
  images: Images;
  rootfs: RootFilesystems;
  networks: Networks;
  volumes: Volumes;
  runtime: Runtime;
  kernel: Kernel;
  events: EventBus;
  log: Logger;
  /** `containers/<id>/` under it holds what outlives a reboot: hosts, hostname, resolv.conf, logs. */
  dataRoot: string;
  /** `containers/<id>/` under it holds what a start makes: the bundle, the root mount, sockets. */
  execRoot: string;
  /** What the machine can do. From `readHostFacts`. */
  facts: HostFacts;
  /** Devices by name (`vendor.com/class=name`); null: the settings turn them off. */
  cdi: CdiRegistry | null;
  /** What the ids of containers are outside of their user namespaces; null: they have none of their own. */
  remap: IdMaps | null;
  /** What a request leaves open. Replaced as a whole on reload. */
  defaults: ContainerDefaults;
  /** By container id: held by every verb that changes a container. */
  locks: KeyedLock;
  /** What cannot be in the database: attached clients, waiters, timers. Made by `new LiveContainers()`. */
  live: LiveContainers;
}

/** What a container gets where its request leaves it open: the daemon's settings. */
export interface ContainerDefaults {
  /** Name of a runtime that RuntimeDeps knows. */
  runtime: string;
  /** Program mounted into a container that asks for `--init`. */
  initPath: string;
  /** Give every container an init unless it says no. */
  init: boolean;
  /** Bytes. */
  shmSize: number;
  ulimits: NonNullable<Resources["Ulimits"]>;
  logConfig: { Type: string; Config: Record<string, string> };
  ipcMode: "private" | "shareable";
  cgroupnsMode: "private" | "host";
  /** Empty: `/berth-<instance>`. */
  cgroupParent: string;
  /** Path of a seccomp profile, `unconfined`, or `builtin`. */
  seccompProfile: string;
  noNewPrivileges: boolean;
  /** Seconds between the stop signal and the kill. */
  stopTimeout: number;
}
