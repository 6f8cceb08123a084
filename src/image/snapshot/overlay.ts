import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Archiver } from "../../linux/archive/archiver.ts";
import { isMountPoint } from "../../linux/at.ts";
import { mountMapped } from "../../linux/mapped-mount.ts";
import { MS, mount } from "../../linux/mount.ts";
import { readMounts } from "../../linux/mountinfo.ts";
import { mountOverlay } from "../../linux/overlay.ts";
import { SizeLimits } from "../../linux/size-limits.ts";
import { unmountAll } from "../../linux/unmount.ts";
import { filesystemName } from "./filesystem.ts";
import { directories, SnapshotLayout } from "./layout.ts";
import { lackingMountPoints, makeMountPoints } from "./mount-points.ts";
import type { ApplyTarget, DiffSource, SnapshotMountOptions, Snapshotter } from "./snapshotter.ts";

/**
 * Layers as lower directories of overlayfs: `sha256/<chain id>/diff`; a snapshot is `active/<key>/{diff,work}`.
 * A layer's directory does not depend on those below it, so layers can be extracted in any order.
 */
export class OverlaySnapshotter implements Snapshotter {
  readonly driver = "overlay2";
  readonly needsParents = false;
  readonly #layout: SnapshotLayout;
  /** Lower directory of what stands upon nothing. */
  readonly #empty: string;
  /** Lies below every layer of a container: what containers mount upon, seen where no layer has it. */
  readonly #mountPoints: string;
  /** Where the root is mounted with other owners, for a moment. */
  readonly #maps: string;
  /** Mounted by this process without syncing. */
  readonly #volatile = new Set<string>();

  constructor(
    private readonly root: string,
    private readonly archiver: Archiver,
    limits = new SizeLimits(root, false),
  ) {
    this.#layout = new SnapshotLayout(root, limits, directories(archiver));
    this.#maps = join(root, "mapped");
    this.#empty = emptyLayer(root);
    mkdirSync(this.#empty, { recursive: true, mode: 0o755 });
    this.#mountPoints = join(root, "mount-points");
    mkdirSync(this.#mountPoints, { recursive: true, mode: 0o755 });
    makeMountPoints(this.#mountPoints, lackingMountPoints(this.#mountPoints));
  }

  /** The upper directory's attributes are those of the root that the container sees. */
  async prepare(key: string, chain: readonly string[], { size }: { size?: number } = {}): Promise<void> {
    await this.#layout.create(key, ["diff", "work"], { size });
    const top = chain.at(-1);
    if (top === undefined || !this.has(top)) return;
    const { mode, uid, gid } = statSync(join(this.#layout.layer(top), "diff"));
    chownSync(this.#diff(key), uid, gid);
    chmodSync(this.#diff(key), mode & 0o7777);
  }

  get limitsSize(): boolean {
    return this.#layout.limitsSize;
  }

  applyTarget(key: string): ApplyTarget {
    return { root: this.#diff(key), whiteouts: "overlay" };
  }

  mount(
    key: string,
    chain: readonly string[],
    target: string,
    { volatile = false, mountPoints = false, userns }: SnapshotMountOptions = {},
  ): void {
    if (isMountPoint(target)) return;
    this.#layout.attach(key);
    const work = join(this.#layout.active(key), "work");
    if (volatile) {
      // The kernel marks the work directory of a volatile mount, and refuses it afterwards.
      rmSync(work, { recursive: true, force: true });
      mkdirSync(work, { mode: 0o700 });
    }
    const lowers = mountPoints ? [...this.#lowers(chain), this.#mountPoints] : this.#lowers(chain);
    using seen = userns === undefined ? null : this.#mapped(key, userns);
    const at = (path: string) => (seen ? seen.path + path.slice(this.root.length) : path);
    mountOverlay({
      lowers: lowers.map(at),
      writable: { upper: at(this.#diff(key)), work: at(work) },
      target,
      volatile,
    });
    if (volatile) this.#volatile.add(target);
  }

  /**
   * Everything here with other owners, for as long as it takes to mount an overlay of it, which keeps what it needs.
   */
  #mapped(key: string, userns: number): Disposable & { path: string } {
    const path = join(this.#maps, key);
    const release = () => {
      unmountAll(path);
      rmdirSync(path);
    };
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // A crash may have left one.
    unmountAll(path);
    try {
      mountMapped(this.root, path, userns);
      // One whose size is limited may be a file system of its own.
      const active = this.#layout.active(key);
      if (isMountPoint(active)) mountMapped(active, path + active.slice(this.root.length), userns);
    } catch (error) {
      release();
      throw error;
    }
    return { path, [Symbol.dispose]: release };
  }

  view(chain: readonly string[], target: string): void {
    if (isMountPoint(target)) return;
    const lowers = this.#lowers(chain);
    // An overlay without an upper directory wants two below; a layer alone may have whiteouts, which only it hides.
    if (lowers.length > 0)
      return mountOverlay({ lowers: lowers.length > 1 ? lowers : [...lowers, this.#empty], target });
    mount(this.#empty, target, "", MS.BIND);
    mount("", target, "", MS.BIND | MS.REMOUNT | MS.RDONLY);
  }

  async unmount(target: string, { volatile = false }: { volatile?: boolean } = {}): Promise<void> {
    if (!isMountPoint(target)) return;
    // Else the kernel writes out the whole upper filesystem first: that may take seconds.
    if (this.#volatile.delete(target) || volatile) unmountAll(target);
    else await this.archiver.unmount(target);
  }

  async commit(key: string, chainId: string): Promise<void> {
    // What the kernel has put there is worth nothing, but to remove it takes longer than all else here.
    this.#layout.dismiss(join(this.#layout.active(key), "work"));
    await this.#layout.publish(key, chainId);
  }

  has(chainId: string): boolean {
    return this.#layout.has(chainId);
  }

  remove(key: string): Promise<void> {
    return this.#layout.remove(key);
  }

  dismiss(key: string): void {
    this.#layout.dismiss(this.#layout.active(key));
  }

  removeLayer(chainId: string): Promise<void> {
    return this.#layout.discard(this.#layout.layer(chainId));
  }

  diffSource(key: string, chain: readonly string[]): DiffSource {
    return { kind: "overlay", root: this.#diff(key), lowers: this.lookupRoots(chain) };
  }

  layerSource(chain: readonly string[]): DiffSource {
    const [root, ...lowers] = this.#lowers(chain);
    return { kind: "overlay", root: root ?? this.#empty, lowers };
  }

  lookupRoots(chain: readonly string[]): string[] {
    return chain.length === 0 ? [] : this.#lowers(chain);
  }

  async usage(key: string): Promise<number> {
    return (await this.archiver.usage(this.#diff(key))).bytes;
  }

  driverData(of: { key: string; target: string } | null, chain: readonly string[]): Record<string, string> {
    const [top, ...rest] = this.lookupRoots(chain);
    const lowers = of ? [top, ...rest] : rest;
    const known = lowers.filter((lower) => lower !== undefined);
    return {
      ...(of && { ID: of.key }),
      ...(known.length > 0 && { LowerDir: known.join(":") }),
      MergedDir: of ? of.target : join(this.#base(chain), "merged"),
      UpperDir: of ? this.#diff(of.key) : join(this.#base(chain), "diff"),
      WorkDir: of ? join(this.#layout.active(of.key), "work") : join(this.#base(chain), "work"),
    };
  }

  /** As Docker words what it found out about its overlay mounts. */
  status(): string[][] {
    return [
      ["Backing Filesystem", filesystemName(this.root)],
      ["Supports d_type", "true"],
      ["Using metacopy", "false"],
      ["Native Overlay Diff", "true"],
      ["userxattr", "false"],
    ];
  }

  mountsOf(key: string): string[] {
    const diff = this.#diff(key);
    const uppers = [diff, join(this.#maps, key) + diff.slice(this.root.length)].map((path) => `upperdir=${path}`);
    return readMounts()
      .filter(({ type, options }) => type === "overlay" && uppers.some((upper) => options.includes(upper)))
      .map((mount) => mount.target);
  }

  async list(): Promise<{ keys: string[]; chainIds: string[] }> {
    await this.#layout.emptyTrash();
    this.#forgetMaps();
    return this.#layout.list();
  }

  /** What a crash has left in the middle of a mount. */
  #forgetMaps(): void {
    if (!existsSync(this.#maps)) return;
    for (const key of readdirSync(this.#maps)) {
      unmountAll(join(this.#maps, key));
      rmdirSync(join(this.#maps, key));
    }
  }

  #base(chain: readonly string[]): string {
    const top = chain.at(-1);
    return top === undefined ? this.#empty : this.#layout.layer(top);
  }

  #diff(key: string): string {
    return join(this.#layout.active(key), "diff");
  }

  /** Top first, as the kernel wants them. */
  #lowers(chain: readonly string[]): string[] {
    if (chain.length === 0) return [this.#empty];
    return chain.toReversed().map((chainId) => join(this.#layout.layer(chainId), "diff"));
  }
}

const emptyLayer = (root: string): string => join(root, "empty");

/** Whether the layers in this directory are this driver's: then it is the one to read them, with no need to try. */
export function hasOverlayLayers(root: string): boolean {
  return existsSync(emptyLayer(root));
}
