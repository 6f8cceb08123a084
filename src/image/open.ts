import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EventBus } from "../api/events.ts";
import { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import { Archiver } from "../linux/archive/archiver.ts";
import { SizeLimits } from "../linux/size-limits.ts";
import { FsBlobStore } from "../oci/fs-blobs.ts";
import type { Store } from "../store/store.ts";
import type { BlobUsers, ImageDeps, ImageUsers, LayerUsers } from "./deps.ts";
import { openSnapshotter } from "./snapshot/builtin.ts";

/** What the image store is opened with. */
export interface OpenImagesRequest {
  store: Store;
  events: EventBus;
  log: Logger;
  dataRoot: string;
  execRoot: string;
  /** `--storage-driver`: `overlay2`, `btrfs`, `vfs`; absent: what there is, else overlay where that works. */
  storageDriver?: string;
  /** Where the filesystem has no project quotas, size limits may be kept by loop devices. */
  loopQuotas?: boolean;
  imageUsers: ImageUsers;
  layerUsers: LayerUsers;
  blobUsers: BlobUsers;
}

/** Puts the image store together and makes its directories. Close it with `deps.archiver`'s disposal. */
export function openImages(request: OpenImagesRequest): ImageDeps {
  const { store, events, log, dataRoot, execRoot, storageDriver, imageUsers, layerUsers, blobUsers } = request;
  const paths = {
    tmp: join(dataRoot, "tmp"),
    layers: join(dataRoot, "layers"),
    rootfs: (containerId: string) => join(execRoot, "containers", containerId, "rootfs"),
  };
  const scratch = join(paths.tmp, "images");
  for (const path of [paths.layers, scratch]) mkdirSync(path, { recursive: true, mode: 0o710 });
  // The directory itself stays: a full disk may have no room for another.
  for (const name of readdirSync(scratch)) rmSync(join(scratch, name), { recursive: true, force: true });
  const archiver = new Archiver();
  return {
    store,
    events,
    log,
    archiver,
    snapshotter: openSnapshotter(
      storageDriver,
      paths.layers,
      archiver,
      new SizeLimits(paths.layers, request.loopQuotas ?? false),
    ),
    paths,
    blobs: new FsBlobStore(join(dataRoot, "blobs")),
    locks: new KeyedLock(),
    openLeases: new Set(),
    imageUsers,
    layerUsers,
    blobUsers,
  };
}
