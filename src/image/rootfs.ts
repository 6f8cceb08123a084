import { mkdirSync, rmdirSync } from "node:fs";
import type { FilesystemChange } from "../api/types/container.ts";
import { conflict, hasCode, invalid, notFound } from "../lib/errors.ts";
import { collectLayers } from "./collect.ts";
import type { ImageContext } from "./context.ts";
import { chainTo, deleteRootfs, insertRootfs, layerByChain, rootfsRow, type RootfsRow } from "./layer-table.ts";
import type { ImageRecord } from "./record.ts";

export interface CreateRootfsOptions {
  /** `--storage-opt`. No option can be honoured by the drivers there are: any is refused with Docker's words. */
  storageOpt?: Record<string, string> | null;
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
export async function createRootfs(ctx: ImageContext, containerId: string, image: ImageRecord | null, options: CreateRootfsOptions = {}): Promise<void> {
  checkStorageOptions(options.storageOpt ?? {});
  const chainId = image?.chainIds.at(-1) ?? null;
  if (rootfsRow(ctx.store, containerId)) throw conflict(`container ${containerId} has a root filesystem already`);
  if (chainId !== null && !layerByChain(ctx.store, chainId)) throw notFound(`No such image: ${image?.id}`);
  insertRootfs(ctx.store, { container_id: containerId, image_id: image?.id ?? null, chain_id: chainId, volatile: options.volatile ? 1 : 0 });
  try {
    await ctx.snapshotter.prepare(containerId, chainTo(ctx.store, chainId));
  } catch (error) {
    deleteRootfs(ctx.store, containerId);
    throw error;
  }
}

/**
 * Mounts it at `ctx.paths.rootfs(containerId)`, making the directory, and returns that path. Idempotent. `bare`: as the
 * image has it, without the places that a container mounts upon.
 */
export async function mountRootfs(ctx: ImageContext, containerId: string, { bare = false }: { bare?: boolean } = {}): Promise<string> {
  const row = rootfs(ctx, containerId);
  const target = ctx.paths.rootfs(containerId);
  mkdirSync(target, { recursive: true, mode: 0o710 });
  ctx.snapshotter.mount(containerId, chainTo(ctx.store, row.chain_id), target, { volatile: row.volatile === 1, mountPoints: !bare });
  return target;
}

/** Idempotent; the mount point goes too. */
export async function unmountRootfs(ctx: ImageContext, containerId: string): Promise<void> {
  const target = ctx.paths.rootfs(containerId);
  await ctx.snapshotter.unmount(target, { volatile: rootfsRow(ctx.store, containerId)?.volatile === 1 });
  try {
    rmdirSync(target);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** Unmounts it and removes everything that was written. Idempotent. */
export async function removeRootfs(ctx: ImageContext, containerId: string): Promise<void> {
  await unmountRootfs(ctx, containerId);
  await ctx.snapshotter.remove(containerId);
  const row = rootfsRow(ctx.store, containerId);
  if (!row) return;
  deleteRootfs(ctx.store, containerId);
  // The image may have been removed before its last container.
  if (row.chain_id !== null) await collectLayers(ctx);
}

/** What the container changed in its image's files, as `docker diff` shows it, sorted by path. */
export async function rootfsChanges(ctx: ImageContext, containerId: string): Promise<FilesystemChange[]> {
  const row = rootfs(ctx, containerId);
  const changes = await ctx.archiver.changes(ctx.snapshotter.diffSource(containerId, chainTo(ctx.store, row.chain_id)));
  return changes.map(({ path, kind }) => ({ Path: path, Kind: kind }));
}

/** Bytes: `rw` what the container wrote, `root` the whole root filesystem (layers and `rw`). */
export async function rootfsUsage(ctx: ImageContext, containerId: string): Promise<{ rw: number; root: number }> {
  const row = rootfs(ctx, containerId);
  const layers = chainTo(ctx.store, row.chain_id).reduce((sum, chainId) => sum + (layerByChain(ctx.store, chainId)?.size ?? 0), 0);
  const rw = await ctx.snapshotter.usage(containerId);
  return { rw, root: layers + rw };
}

/** `GraphDriver` of container inspect: driver name and its directories. */
export function rootfsDriverData(ctx: ImageContext, containerId: string): { Name: string; Data: Record<string, string> } {
  const row = rootfsRow(ctx.store, containerId);
  const chain = chainTo(ctx.store, row?.chain_id ?? null);
  return { Name: ctx.snapshotter.driver, Data: ctx.snapshotter.driverData({ key: containerId, target: ctx.paths.rootfs(containerId) }, chain) };
}

function rootfs(ctx: ImageContext, containerId: string): RootfsRow {
  const row = rootfsRow(ctx.store, containerId);
  if (!row) throw notFound(`container ${containerId} has no root filesystem`);
  return row;
}

function checkStorageOptions(options: Record<string, string>): void {
  for (const key of Object.keys(options)) {
    if (key.toLowerCase() === "size") throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
    throw invalid(`Unknown option ${key}`);
  }
}
