import type { FilesystemChange } from "../api/types/container.ts";
import { notImplemented } from "../lib/errors.ts";
import type { ImageContext } from "./context.ts";
import type { ImageRecord } from "./record.ts";

export interface CreateRootfsOptions {
  /** `--storage-opt`: `size` is honoured where the filesystem has project quotas. */
  storageOpt?: Record<string, string>;
  /**
   * Skip syncing to disk at unmount. For root filesystems that nobody wants after a power failure
   * (auto-removed containers, build steps).
   */
  volatile?: boolean;
}

/**
 * Makes the writable root filesystem of a container upon an image (null: upon nothing). Its layers are kept for as
 * long as it exists, even where the image is removed. Throws `conflict` where the container has one.
 */
export async function createRootfs(_ctx: ImageContext, containerId: string, image: ImageRecord | null, options: CreateRootfsOptions = {}): Promise<void> {
  throw notImplemented("createRootfs");
}

/** Mounts it at `ctx.paths.rootfs(containerId)`, making the directory, and returns that path. Idempotent. */
export async function mountRootfs(ctx: ImageContext, containerId: string): Promise<string> {
  throw notImplemented("mountRootfs");
}

/** Idempotent; the mount point goes too. */
export async function unmountRootfs(_ctx: ImageContext, containerId: string): Promise<void> {
  throw notImplemented("unmountRootfs");
}

/** Unmounts it and removes everything that was written. Idempotent. */
export async function removeRootfs(_ctx: ImageContext, containerId: string): Promise<void> {
  throw notImplemented("removeRootfs");
}

/** What the container changed in its image's files, as `docker diff` shows it, sorted by path. */
export async function rootfsChanges(_ctx: ImageContext, containerId: string): Promise<FilesystemChange[]> {
  throw notImplemented("rootfsChanges");
}

/** Bytes: `rw` what the container wrote, `root` the whole root filesystem (layers and `rw`). */
export async function rootfsUsage(_ctx: ImageContext, containerId: string): Promise<{ rw: number; root: number }> {
  throw notImplemented("rootfsUsage");
}

/** `GraphDriver` of container inspect: driver name and its directories. */
export function rootfsDriverData(_ctx: ImageContext, containerId: string): { Name: string; Data: Record<string, string> } {
  throw notImplemented("rootfsDriverData");
}
