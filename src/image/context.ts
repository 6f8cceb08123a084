import type { EventBus } from "../api/events.ts";
import type { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { Archiver } from "../linux/archive/archiver.ts";
import type { BlobStore } from "../oci/blobs.ts";
import type { Store } from "../store/store.ts";
import type { Snapshotter } from "./snapshot/snapshotter.ts";

/** What the verbs of `image/` need. Plain data, put together by daemon/wire.ts (image/open.ts does the most of it). */
export interface ImageContext {
  store: Store;
  blobs: BlobStore;
  snapshotter: Snapshotter;
  /** Packs, unpacks and compresses in workers, so that the event loop never waits for it. */
  archiver: Archiver;
  events: EventBus;
  log: Logger;
  paths: ImagePaths;
  /** By chain id (`layer …`), image (`image …`) and container (`rootfs …`). */
  locks: KeyedLock;
}

export interface ImagePaths {
  /** `<data root>/layers`. */
  layers: string;
  /** `<data root>/tmp`: scratch files; emptied at boot. */
  tmp: string;
  /** Where a container's root filesystem is mounted: `<exec root>/containers/<id>/rootfs`. */
  rootfs(containerId: string): string;
}
