import type { EventBus } from "../api/events.ts";
import type { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { Store } from "../store/store.ts";
import type { VolumeDrivers } from "./driver/drivers.ts";

/** What the verbs of `volume/` need. Plain data, put together by daemon/wire.ts. */
export interface VolumeDeps {
  store: Store;
  events: EventBus;
  log: Logger;
  drivers: VolumeDrivers;
  /** By volume name. */
  locks: KeyedLock;
}
