import type { EventBus } from "../api/events.ts";
import type { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { Store } from "../store/store.ts";

/** What the verbs of `volume/` need. Plain data, put together by daemon/wire.ts. */
export interface VolumeContext {
  store: Store;
  events: EventBus;
  log: Logger;
  /** `<data root>/volumes`. The local driver keeps `<root>/<name>/_data`. */
  root: string;
  /** By volume name. */
  locks: KeyedLock;
}
