import type { EventBus } from "../api/events.ts";
import type { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import type { Archiver } from "../linux/archive/archiver.ts";
import type { BlobStore } from "../oci/blobs.ts";
import type { Store } from "../store/store.ts";
import type { Snapshotter } from "./snapshot/snapshotter.ts";

/** What the verbs of `image/` need. Plain data, put together by daemon/wire.ts (image/open.ts does the most of it). */
export interface ImageDeps {
  store: Store;
  blobs: BlobStore;
  snapshotter: Snapshotter;
  /** Packs, unpacks and compresses in workers, so that the event loop never waits for it. */
  archiver: Archiver;
  events: EventBus;
  log: Logger;
  paths: ImagePaths;
  /** Those that somebody works under now. */
  openLeases: Set<{ abandon(): void }>;
  /** By chain id (`layer …`), image (`image …`) and container (`rootfs …`). */
  locks: KeyedLock;
  imageUsers: ImageUsers;
  layerUsers: LayerUsers;
  blobUsers: BlobUsers;
}

/** Who uses images: asked by this folder, answered by the containers above it. Synchronous, from the database. */
export interface ImageUsers {
  /** A container that was made of the image, or has it mounted, those that run first; undefined where there is none. */
  userOf(imageId: string, which: "running" | "stopped" | "any"): { id: string } | undefined;
  /** Ids of the containers that were made of the image, oldest first. */
  madeOf(imageId: string): string[];
  /** What the containers of an image were made from, in the words of who made them. */
  namesUsed(imageId: string): string[];
  /** How many containers were made of each image; without those of none. */
  counts(): Map<string, number>;
}

/**
 * Who uses layers beside images and containers: asked by this folder, answered by the build cache above it.
 * Synchronous, from the database: garbage collection asks and deletes in one turn of the event loop.
 */
export interface LayerUsers {
  /** Of these chain ids those that nobody uses. */
  unusedOf(chainIds: readonly string[]): string[];
}

/** Who uses blobs beside images, as {@link LayerUsers}: answered by the managed plugins above. */
export interface BlobUsers {
  uses(digest: string): boolean;
}

/** The directories that images use. */
export interface ImagePaths {
  /** `<data root>/layers`. */
  layers: string;
  /** `<data root>/tmp`: scratch files; emptied at boot. */
  tmp: string;
  /** Where a container's root filesystem is mounted: `<exec root>/containers/<id>/rootfs`. */
  rootfs(containerId: string): string;
}
