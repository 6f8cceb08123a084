import type { ChangesRequest } from "../../linux/archive/changes.ts";

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
  /** `overlay2`, `btrfs` or `vfs`, as `docker info` names the driver. */
  readonly driver: string;

  /** True where `prepare` wants the whole chain on disk, even to extract a layer upon it. */
  readonly needsParents: boolean;

  /** Takes a size limit for a snapshot. */
  readonly limitsSize: boolean;

  /**
   * Makes a writable snapshot upon a chain. `size`: how many bytes may be written to it at most. Throws `conflict`
   * where the key is taken.
   */
  prepare(key: string, chain: readonly string[], options?: { size?: number }): Promise<void>;

  /** Where a layer archive is extracted for a snapshot that is to become a layer, and how it says "deleted". */
  applyTarget(key: string): ApplyTarget;

  /** Mounts the snapshot at a directory that exists. Idempotent. */
  mount(key: string, chain: readonly string[], target: string, options?: SnapshotMountOptions): void;

  /** Mounts a chain read-only, with nothing upon it. Idempotent. */
  view(chain: readonly string[], target: string): void;

  /**
   * Idempotent. Lazy where somebody is still inside. `volatile`: it was mounted so, by an earlier process; what this
   * one mounted so it knows, and unmounts before the call returns.
   */
  unmount(target: string, options?: { volatile?: boolean }): Promise<void>;

  /** Turns an unmounted writable snapshot into the layer `chainId`; a layer of that name that exists already wins. */
  commit(key: string, chainId: string): Promise<void>;

  /** True where the layer is on disk. */
  has(chainId: string): boolean;

  /** Removes a snapshot with all that was written. Idempotent. */
  remove(key: string): Promise<void>;

  /** Takes a snapshot out of the way at once, without waiting until its files are gone. */
  dismiss(key: string): void;

  /** Removes a layer. The caller makes sure that nothing stands upon it. Idempotent. */
  removeLayer(chainId: string): Promise<void>;

  /** What the snapshot adds to its chain, as {@link DiffSource}. */
  diffSource(key: string, chain: readonly string[]): DiffSource;

  /** The same for the last layer of a chain. */
  layerSource(chain: readonly string[]): DiffSource;

  /** Where the attributes of a directory can be looked up in a chain: trees, top first. */
  lookupRoots(chain: readonly string[]): string[];

  /** Bytes of the files that the snapshot adds to its chain. */
  usage(key: string, chain: readonly string[]): Promise<number>;

  /** `GraphDriver.Data` of inspect, for a snapshot (mounted at `target`) or the last layer of a chain. */
  driverData(of: { key: string; target: string } | null, chain: readonly string[]): Record<string, string> | null;

  /** What `docker info` says of the driver: pairs of what and how. */
  status(): string[][];

  /** Where the snapshot is mounted now, whoever did it. */
  mountsOf(key: string): string[];

  /** Everything on disk, for garbage collection. */
  list(): Promise<{ keys: string[]; chainIds: string[] }>;
}

/** How a snapshot is mounted. */
export interface SnapshotMountOptions {
  /** No syncing at unmount. */
  volatile?: boolean;
  /**
   * Show the places that every container mounts upon (`/proc`, `/etc/hosts`, …) where no layer has them, so that the
   * runtime need not make them in the snapshot, where `diff` and `commit` would find them.
   */
  mountPoints?: boolean;
  /**
   * A descriptor of a user namespace: what belongs to an id inside of it on disk shows as that id outside, and what is
   * written goes the other way, so that its processes find what the image has.
   */
  userns?: number;
}

/** Where a layer's archive is unpacked, and what happens to the whiteouts in it. */
export interface ApplyTarget {
  root: string;
  /** `overlay`: whiteouts become overlayfs's own; `apply`: they delete from the tree at once. */
  whiteouts: "overlay" | "apply";
}

/** What to compare for `docker diff`, which is also what to pack for a layer archive. */
export type DiffSource = ChangesRequest;
