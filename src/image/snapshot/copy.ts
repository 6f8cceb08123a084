import { join } from "node:path";
import type { Archiver } from "../../linux/archive/archiver.ts";
import { isMountPoint } from "../../linux/at.ts";
import { mountMapped } from "../../linux/mapped-mount.ts";
import { MS, mount } from "../../linux/mount.ts";
import { readMounts } from "../../linux/mountinfo.ts";
import { SizeLimits } from "../../linux/size-limits.ts";
import { unmountAll } from "../../linux/unmount.ts";
import { SnapshotLayout } from "./layout.ts";
import type { ApplyTarget, DiffSource, SnapshotMountOptions, Snapshotter } from "./snapshotter.ts";

/**
 * For filesystems that cannot carry overlayfs: every layer is a whole tree (`sha256/<chain id>/tree`), every snapshot a
 * copy of the one below (`active/<key>/tree`). Slow and big, but it works anywhere.
 */
export class CopySnapshotter implements Snapshotter {
  readonly driver = "vfs";
  readonly needsParents = true;
  readonly #layout: SnapshotLayout;

  constructor(
    root: string,
    private readonly archiver: Archiver,
    limits = new SizeLimits(root, false),
  ) {
    this.#layout = new SnapshotLayout(root, archiver, limits);
  }

  async prepare(key: string, chain: readonly string[], { size }: { size?: number } = {}): Promise<void> {
    await this.#layout.create(key, ["tree"], size);
    const base = this.#base(chain);
    if (base === null) return;
    try {
      await this.archiver.copy(base, this.#tree(key));
    } catch (error) {
      await this.remove(key);
      throw error;
    }
  }

  get limitsSize(): boolean {
    return this.#layout.limitsSize;
  }

  applyTarget(key: string): ApplyTarget {
    return { root: this.#tree(key), whiteouts: "apply" };
  }

  mount(key: string, _chain: readonly string[], target: string, { userns }: SnapshotMountOptions = {}): void {
    if (isMountPoint(target)) return;
    this.#layout.attach(key);
    if (userns === undefined) mount(this.#tree(key), target, "", MS.BIND);
    else mountMapped(this.#tree(key), target, userns);
  }

  view(chain: readonly string[], target: string): void {
    if (isMountPoint(target)) return;
    const base = this.#base(chain);
    if (base === null) return mount("none", target, "tmpfs", MS.RDONLY, "size=0,mode=755");
    mount(base, target, "", MS.BIND);
    mount("", target, "", MS.BIND | MS.REMOUNT | MS.RDONLY);
  }

  /** A bind mount has nothing to write out. */
  async unmount(target: string): Promise<void> {
    unmountAll(target);
  }

  commit(key: string, chainId: string): Promise<void> {
    return this.#layout.publish(key, chainId);
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
    return { kind: "compare", root: this.#tree(key), base: this.#base(chain) };
  }

  layerSource(chain: readonly string[]): DiffSource {
    const root = this.#base(chain);
    if (root === null) throw new Error("an empty chain has no layer");
    return { kind: "compare", root, base: this.#base(chain.slice(0, -1)) };
  }

  lookupRoots(chain: readonly string[]): string[] {
    const base = this.#base(chain);
    return base === null ? [] : [base];
  }

  async usage(key: string): Promise<number> {
    return (await this.archiver.usage(this.#tree(key))).bytes;
  }

  driverData(): Record<string, string> {
    return {};
  }

  status(): string[][] {
    return [];
  }

  /** A bind mount shows the directory that it shows, seen from its filesystem's own root. */
  mountsOf(key: string): string[] {
    const tree = this.#tree(key);
    return readMounts()
      .filter((mount) => mount.root.length > 1 && tree.endsWith(mount.root) && isMountPoint(mount.target))
      .map((mount) => mount.target);
  }

  async list(): Promise<{ keys: string[]; chainIds: string[] }> {
    await this.#layout.emptyTrash();
    return this.#layout.list();
  }

  #tree(key: string): string {
    return join(this.#layout.active(key), "tree");
  }

  #base(chain: readonly string[]): string | null {
    const top = chain.at(-1);
    return top === undefined ? null : join(this.#layout.layer(top), "tree");
  }
}
