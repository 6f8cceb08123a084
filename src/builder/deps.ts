import type { EventBus } from "../api/events.ts";
import type { ImageDeps } from "../image/deps.ts";
import type { KeyedLock, Semaphore } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { NetworkDeps } from "../network/deps.ts";
import type { HostFacts, SpecDefaults } from "../runtime/bundle/types.ts";
import type { CdiRegistry } from "../runtime/cdi/registry.ts";
import type { RuntimeDeps } from "../runtime/deps.ts";
import type { Store } from "../store/store.ts";
import type { RunningBuilds } from "./running.ts";
import type { ContentStores } from "./source/content-store.ts";

/** What the verbs of `builder/` need. Plain data, put together by daemon/wire.ts. */
export interface BuilderDeps {
  store: Store;
  images: ImageDeps;
  networks: NetworkDeps;
  /**
   * The network of a running container, and its files: paths on the host. Null: the host's. Throws what says why there
   * is none.
   */
  containerNetwork(ref: string): Promise<{ netnsPath: string | null; files: { hosts: string; resolvConf: string } }>;
  runtime: RuntimeDeps;
  events: EventBus;
  log: Logger;
  facts: HostFacts;
  /** Devices by name; null: turned off. */
  cdi: CdiRegistry | null;
  /** Replaced as a whole on reload. */
  defaults: SpecDefaults;
  /** `build/mounts/<hash>` under it holds what cache mounts keep. */
  dataRoot: string;
  /** `builds/<id>` under it holds what a running step needs. */
  execRoot: string;
  /** Scratch files. */
  tmp: string;
  /** By cache key and by cache mount. */
  locks: KeyedLock;
  /** Steps that run at once, over all builds: more than there are processors, for a step mostly waits. */
  slots: Semaphore;
  running: RunningBuilds;
  /** Bytes that the build cache may take; the least recently used goes first. */
  cacheLimit: number;
  /** Contents of folders that builds were sent from; they count to the cache. */
  contents: ContentStores;
  /** Cache mounts that running builds use, by directory, counted: never collected. (Layers are held by leases.) */
  inUse: Map<string, number>;
}
