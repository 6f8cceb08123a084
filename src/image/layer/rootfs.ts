import { mkdirSync, rmdirSync } from "node:fs";
import type { FilesystemChange } from "../../api/types/container.ts";
import { parseBytes } from "../../lib/bytes.ts";
import { conflict, errorMessage, hasCode, invalid, notFound } from "../../lib/errors.ts";
import { type IdMaps, mapsOfMount } from "../../linux/id-maps.ts";
import { userNamespace } from "../../linux/user-namespace.ts";
import { collectLayers } from "../collect/collect.ts";
import type { ImageDeps } from "../deps.ts";
import { chainTo, deleteRootfs, insertRootfs, layerByChain, type RootfsRow, rootfsRow } from "../layer-table.ts";
import type { ImageRecord } from "../record.ts";

/** How a container's root filesystem is made. */
export interface CreateRootfsOptions {
  /** `--storage-opt`: `size` where the snapshotter can limit it; else refused with Docker's words. */
  storageOpt?: Record<string, string> | null;
  /**
   * Skip syncing to disk at unmount. For root filesystems that nobody wants after a power failure
   * (auto-removed containers, build steps).
   */
  volatile?: boolean;
  /** The upper directory of an overlay that has what the container has written so far, in another engine. */
  written?: string;
}

/**
 * Makes the writable root filesystem of a container upon an image (null: upon nothing). Its layers are kept for as
 * long as it exists, even where the image is removed. Throws `conflict` where the container has one.
 */
export async function createRootfs(
  deps: ImageDeps,
  containerId: string,
  image: ImageRecord | null,
  options: CreateRootfsOptions = {},
): Promise<void> {
  const size = sizeOption(deps, options.storageOpt ?? {});
  const chainId = image?.chainIds.at(-1) ?? null;
  if (rootfsRow(deps.store, containerId)) throw conflict(`container ${containerId} has a root filesystem already`);
  if (chainId !== null && !layerByChain(deps.store, chainId)) throw notFound(`No such image: ${image?.id}`);
  insertRootfs(deps.store, {
    container_id: containerId,
    image_id: image?.id ?? null,
    chain_id: chainId,
    volatile: options.volatile ? 1 : 0,
  });
  try {
    await deps.snapshotter.prepare(containerId, chainTo(deps.store, chainId), { size });
    if (options.written !== undefined) await takeWritten(deps, containerId, options.written);
  } catch (error) {
    if (options.written !== undefined || size > 0) await deps.snapshotter.remove(containerId);
    deleteRootfs(deps.store, containerId);
    throw error;
  }
}

/** Deletions go through the form that layers have them in, so that every snapshotter can do them. */
async function takeWritten(deps: ImageDeps, containerId: string, written: string): Promise<void> {
  const { root, whiteouts } = deps.snapshotter.applyTarget(containerId);
  const packing = { exact: true, rootName: ".", whiteouts: true };
  await deps.archiver.transfer(written, packing, root, { whiteouts, rootAttributes: true });
}

/** How a root filesystem is mounted. */
export interface MountRootfsOptions {
  /** As the image has it, without the places that a container mounts upon. */
  bare?: boolean;
  /** For a user namespace: what belongs to an id inside of it shows as that id outside. */
  ids?: IdMaps;
}

/**
 * Mounts it at `deps.paths.rootfs(containerId)`, making the directory, and returns that path. Idempotent.
 */
export async function mountRootfs(
  deps: ImageDeps,
  containerId: string,
  { bare = false, ids }: MountRootfsOptions = {},
): Promise<string> {
  const row = rootfs(deps, containerId);
  const target = deps.paths.rootfs(containerId);
  mkdirSync(target, { recursive: true, mode: 0o710 });
  deps.snapshotter.mount(containerId, chainTo(deps.store, row.chain_id), target, {
    volatile: row.volatile === 1,
    mountPoints: !bare,
    ...(ids && { userns: await userNamespace(mapsOfMount(ids)) }),
  });
  return target;
}

/** Idempotent; the mount point goes too. */
export async function unmountRootfs(deps: ImageDeps, containerId: string): Promise<void> {
  const target = deps.paths.rootfs(containerId);
  await deps.snapshotter.unmount(target, { volatile: rootfsRow(deps.store, containerId)?.volatile === 1 });
  try {
    rmdirSync(target);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** Unmounts it and removes everything that was written. Idempotent. */
export async function removeRootfs(deps: ImageDeps, containerId: string): Promise<void> {
  await unmountRootfs(deps, containerId);
  await deps.snapshotter.remove(containerId);
  const row = rootfsRow(deps.store, containerId);
  if (!row) return;
  deleteRootfs(deps.store, containerId);
  // The image may have been removed before its last container.
  if (row.chain_id !== null) await collectLayers(deps);
}

/** What the container changed in its image's files, as `docker diff` shows it, sorted by path. */
export async function rootfsChanges(
  deps: ImageDeps,
  containerId: string,
  signal?: AbortSignal,
): Promise<FilesystemChange[]> {
  const row = rootfs(deps, containerId);
  const changes = await deps.archiver.changes(
    deps.snapshotter.diffSource(containerId, chainTo(deps.store, row.chain_id)),
    signal,
  );
  return changes.map(({ path, kind }) => ({ Path: path, Kind: kind }));
}

/** Bytes: `rw` what the container wrote, `root` the whole root filesystem (layers and `rw`). */
export async function rootfsUsage(deps: ImageDeps, containerId: string): Promise<{ rw: number; root: number }> {
  const row = rootfs(deps, containerId);
  const chain = chainTo(deps.store, row.chain_id);
  const layers = chain.reduce((sum, chainId) => sum + (layerByChain(deps.store, chainId)?.size ?? 0), 0);
  const rw = await deps.snapshotter.usage(containerId, chain);
  return { rw, root: layers + rw };
}

/** `GraphDriver` of container inspect: driver name and its directories. */
export function rootfsDriverData(
  deps: ImageDeps,
  containerId: string,
): { Name: string; Data: Record<string, string> | null } {
  const row = rootfsRow(deps.store, containerId);
  const chain = chainTo(deps.store, row?.chain_id ?? null);
  return {
    Name: deps.snapshotter.driver,
    Data: deps.snapshotter.driverData({ key: containerId, target: deps.paths.rootfs(containerId) }, chain),
  };
}

function rootfs(deps: ImageDeps, containerId: string): RootfsRow {
  const row = rootfsRow(deps.store, containerId);
  if (!row) throw notFound(`container ${containerId} has no root filesystem`);
  return row;
}

/** Bytes; 0: no limit. Throws `invalid`. */
function sizeOption({ snapshotter }: ImageDeps, options: Record<string, string>): number {
  let size = 0;
  for (const [key, value] of Object.entries(options)) {
    if (key.toLowerCase() !== "size") throw invalid(`Unknown option ${key}`);
    if (!snapshotter.limitsSize)
      throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
    try {
      size = parseBytes(value);
    } catch (error) {
      throw invalid(errorMessage(error), error);
    }
  }
  return size;
}
