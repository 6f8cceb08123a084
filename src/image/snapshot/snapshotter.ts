import type { FilesystemChange } from "../../api/types/container.ts";

/**
 * Keeps the unpacked layers of images and the writable directories upon them.
 *
 * Life of a layer: `prepare(key, parents)` → files are put into `applyTarget(key).root` (or the snapshot is mounted
 * and a build step writes to it) → `commit(key, chainId)` names it for good. Life of a container: `prepare(containerId,
 * chain)` → `mount` → … → `unmount` → `remove`.
 *
 * Names: a *key* is a writable snapshot (a container id, or one that a lease owns), a *chain id* (`sha256:…`) a
 * committed layer upon all those below it. A *chain* lists chain ids, base first. Directories are named after key or
 * chain id alone, so what a crash left behind is found by its name. Calls with one key must not overlap.
 */
export interface Snapshotter {
  /** `overlay2` or `vfs`, as `docker info` names the driver. */
  readonly driver: string;

  /** Makes a writable snapshot upon a chain. Throws `conflict` where the key is taken. */
  prepare(key: string, chain: readonly string[]): Promise<void>;

  /** Where a layer archive is extracted for a snapshot that is to become a layer, and how it says "deleted". */
  applyTarget(key: string): ApplyTarget;

  /**
   * Mounts the snapshot at a directory that exists. Idempotent. `volatile` asks for no syncing at unmount.
   */
  mount(key: string, chain: readonly string[], target: string, options?: { volatile?: boolean }): void;

  /** Mounts a chain read-only, with nothing upon it. */
  view(chain: readonly string[], target: string): void;

  /** Idempotent. Lazy where somebody is still inside. */
  unmount(target: string): void;

  /** Turns an unmounted writable snapshot into the layer `chainId`; a layer of that name that exists already wins. */
  commit(key: string, chainId: string): Promise<void>;

  /** True where the layer is on disk. */
  has(chainId: string): boolean;

  /** Removes a snapshot with all that was written. Idempotent. */
  remove(key: string): Promise<void>;

  /** Removes a layer. The caller makes sure that nothing stands upon it. Idempotent. */
  removeLayer(chainId: string): Promise<void>;

  /** The tree that packs into the snapshot's layer archive, and the trees it is compared against (base first). */
  diffSource(key: string, chain: readonly string[]): DiffSource;

  /** The same for a committed layer: `chain` is the layer's own, with the layer last. */
  layerSource(chain: readonly string[]): DiffSource;

  /** What the snapshot changes in its chain, sorted by path. */
  changes(key: string, chain: readonly string[]): Promise<FilesystemChange[]>;

  /** Bytes that the snapshot itself takes. */
  usage(key: string): Promise<number>;

  /** `GraphDriver.Data` of inspect for a snapshot, or for the layer at the end of the chain where key is null. */
  driverData(key: string | null, chain: readonly string[], target?: string): Record<string, string>;

  /** Everything on disk, for garbage collection. */
  list(): Promise<{ keys: string[]; chainIds: string[] }>;
}

export interface ApplyTarget {
  root: string;
  /** `overlay`: whiteouts become overlayfs's own; `apply`: they delete from the tree at once. */
  whiteouts: "overlay" | "apply";
}

/** `overlay`: `root` holds only what changed; `compare`: `root` is whole and differs from `base`. */
export type DiffSource = { kind: "overlay"; root: string } | { kind: "compare"; root: string; base: string | null };
