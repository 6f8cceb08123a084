import type { FilesystemChange } from "../api/types/container.ts";
import type { Archiver } from "../linux/archive/archiver.ts";
import type { Platform } from "../oci/image.ts";
import { reconcileImages } from "./collect/reconcile.ts";
import { type CommitRootfsRequest, commitRootfs } from "./commit.ts";
import type { ImageDeps } from "./deps.ts";
import {
  type CreateRootfsOptions,
  createRootfs,
  type MountRootfsOptions,
  mountRootfs,
  removeRootfs,
  rootfsChanges,
  rootfsDriverData,
  rootfsUsage,
  unmountRootfs,
} from "./layer/rootfs.ts";
import type { ImageRecord } from "./record.ts";
import { resolveImage } from "./resolve.ts";

/** What containers need of images. */
export interface Images {
  /** By name or id. Throws `not-found` where there is none, or none for the platform. */
  resolve(ref: string, options?: { platform?: Platform }): ImageRecord;
  /** At boot: forgets root filesystems of others than these, and mends what a crash left. */
  reconcile(rootfsIds: ReadonlySet<string>): Promise<void>;
  /** Works on trees of files without holding up the event loop. */
  readonly archiver: Pick<Archiver, "copy" | "extract" | "pack" | "remove">;
}

/**
 * The writable root filesystems of containers, by container id (or the key of an image that a container mounts).
 * layer/rootfs.ts says what each verb does.
 */
export interface RootFilesystems {
  create(id: string, image: ImageRecord | null, options?: CreateRootfsOptions): Promise<void>;
  /** Returns {@link path}. Idempotent, like the next two. */
  mount(id: string, options?: MountRootfsOptions): Promise<string>;
  unmount(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Where it is mounted, or would be. */
  path(id: string): string;
  changes(id: string, signal?: AbortSignal): Promise<FilesystemChange[]>;
  /** Bytes. */
  usage(id: string): Promise<{ rw: number; root: number }>;
  driverData(id: string): { Name: string; Data: Record<string, string> | null };
  commit(request: CommitRootfsRequest): Promise<ImageRecord>;
}

/** The verbs of this folder as containers know them. */
export function imagesForContainers(deps: ImageDeps): Images {
  return {
    resolve: (ref, options) => resolveImage(deps, ref, options),
    reconcile: (rootfsIds) => reconcileImages(deps, rootfsIds),
    archiver: deps.archiver,
  };
}

/** The verbs of layer/rootfs.ts as containers know them. */
export function rootFilesystems(deps: ImageDeps): RootFilesystems {
  return {
    create: (id, image, options) => createRootfs(deps, id, image, options),
    mount: (id, options) => mountRootfs(deps, id, options),
    unmount: (id) => unmountRootfs(deps, id),
    remove: (id) => removeRootfs(deps, id),
    path: (id) => deps.paths.rootfs(id),
    changes: (id, signal) => rootfsChanges(deps, id, signal),
    usage: (id) => rootfsUsage(deps, id),
    driverData: (id) => rootfsDriverData(deps, id),
    commit: (request) => commitRootfs(deps, request),
  };
}
