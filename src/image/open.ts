import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EventBus } from "../api/events.ts";
import { KeyedLock } from "../lib/lock.ts";
import type { Logger } from "../lib/log.ts";
import { Archiver } from "../linux/archive/archiver.ts";
import { FsBlobStore } from "../oci/fs-blobs.ts";
import type { Store } from "../store/store.ts";
import type { ImageContext } from "./context.ts";
import { CopySnapshotter } from "./snapshot/copy.ts";
import { OverlaySnapshotter } from "./snapshot/overlay.ts";
import { overlayWorks } from "./snapshot/probe.ts";

export interface OpenImagesRequest {
  store: Store;
  events: EventBus;
  log: Logger;
  dataRoot: string;
  execRoot: string;
  /** `--storage-driver`: `overlay2`, `vfs`; absent: overlay where the filesystem can carry it. */
  storageDriver?: string;
}

/** Puts the image store together and makes its directories. Close it with `ctx.archiver`'s disposal. */
export function openImages({ store, events, log, dataRoot, execRoot, storageDriver }: OpenImagesRequest): ImageContext {
  const paths = {
    tmp: join(dataRoot, "tmp"),
    layers: join(dataRoot, "layers"),
    rootfs: (containerId: string) => join(execRoot, "containers", containerId, "rootfs"),
  };
  rmSync(join(paths.tmp, "images"), { recursive: true, force: true });
  for (const path of [paths.layers, join(paths.tmp, "images")]) mkdirSync(path, { recursive: true, mode: 0o710 });
  const archiver = new Archiver();
  const driver = storageDriver ?? (overlayWorks(paths.layers) ? "overlay2" : "vfs");
  if (driver !== "overlay2" && driver !== "vfs") throw new Error(`driver not supported: ${driver}`);
  const snapshotter = driver === "overlay2" ? new OverlaySnapshotter(paths.layers, archiver) : new CopySnapshotter(paths.layers, archiver);
  return { store, events, log, archiver, snapshotter, paths, blobs: new FsBlobStore(join(dataRoot, "blobs")), locks: new KeyedLock() };
}
