import type { EventBus } from "../api/events.ts";
import type { ImageContext } from "../image/context.ts";
import type { KeyedLock, Semaphore } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { NetworkContext } from "../network/context.ts";
import type { RuntimeContext } from "../runtime/context.ts";
import type { HostFacts, SpecDefaults } from "../runtime/spec/types.ts";
import type { ContentStores } from "./source/content-store.ts";
import type { Store } from "../store/store.ts";

/** What the verbs of `build/` need. Plain data, put together by daemon/wire.ts. */
export interface BuildContext {
  store: Store;
  images: ImageContext;
  networks: NetworkContext;
  runtime: RuntimeContext;
  events: EventBus;
  log: Logger;
  facts: HostFacts;
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
  /** Steps that run at once, over all builds. */
  slots: Semaphore;
  /** Bytes that the build cache may take; the least recently used goes first. */
  cacheLimit: number;
  /** Contents of folders that builds were sent from; they count to the cache. */
  contents: ContentStores;
  /** Cache mounts that running builds use, by directory, counted: never collected. (Layers are held by leases.) */
  inUse: Map<string, number>;
}
