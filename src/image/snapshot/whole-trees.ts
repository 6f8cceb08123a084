import { lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../lib/errors.ts";
import type { Archiver } from "../../linux/archive/archiver.ts";
import { isMountPoint } from "../../linux/at.ts";
import { mountMapped } from "../../linux/mapped-mount.ts";
import { MS, mount } from "../../linux/mount.ts";
import { readMounts } from "../../linux/mountinfo.ts";
import type { SizeLimits } from "../../linux/size-limits.ts";
import { unmountAll } from "../../linux/unmount.ts";
import { type Entries, SnapshotLayout } from "./layout.ts";
import { lackingMountPoints, makeMountPoints, removeMountPoints } from "./mount-points.ts";
import type { ApplyTarget, DiffSource, SnapshotMountOptions, Snapshotter } from "./snapshotter.ts";

/**
 * Every layer is a whole tree (`sha256/<chain id>/tree`), and so is every snapshot (`active/<key>/tree`), which a mount
 * shows as it is. How one comes to have what is in the layer below is what drivers differ in.
 */
export abstract class WholeTrees implements Snapshotter {
  abstract readonly driver: string;
  readonly needsParents = true;
  protected readonly layout: SnapshotLayout;

  constructor(
    root: string,
    protected readonly archiver: Archiver,
    limits: SizeLimits,
    entries: Entries,
  ) {
    this.layout = new SnapshotLayout(root, limits, entries);
  }

  abstract prepare(key: string, chain: readonly string[], options?: { size?: number }): Promise<void>;

  abstract status(): string[][];

  get limitsSize(): boolean {
    return this.layout.limitsSize;
  }

  applyTarget(key: string): ApplyTarget {
    return { root: this.tree(key), whiteouts: "apply" };
  }

  mount(key: string, _chain: readonly string[], target: string, options: SnapshotMountOptions = {}): void {
    if (isMountPoint(target)) return;
    this.layout.attach(key);
    if (options.mountPoints) this.#makeMountPoints(key);
    if (options.userns === undefined) mount(this.tree(key), target, "", MS.BIND);
    else mountMapped(this.tree(key), target, options.userns);
  }

  view(chain: readonly string[], target: string): void {
    if (isMountPoint(target)) return;
    const base = this.base(chain);
    if (base === null) return mount("none", target, "tmpfs", MS.RDONLY, "size=0,mode=755");
    mount(base, target, "", MS.BIND);
    mount("", target, "", MS.BIND | MS.REMOUNT | MS.RDONLY);
  }

  /** A bind mount has nothing to write out. */
  async unmount(target: string): Promise<void> {
    unmountAll(target);
  }

  async commit(key: string, chainId: string): Promise<void> {
    removeMountPoints(this.tree(key), this.#made(key));
    rmSync(this.#madeFile(key), { force: true });
    await this.layout.publish(key, chainId);
  }

  has(chainId: string): boolean {
    return this.layout.has(chainId);
  }

  remove(key: string): Promise<void> {
    return this.layout.remove(key);
  }

  dismiss(key: string): void {
    this.layout.dismiss(this.layout.active(key));
  }

  removeLayer(chainId: string): Promise<void> {
    return this.layout.discard(this.layout.layer(chainId));
  }

  diffSource(key: string, chain: readonly string[]): DiffSource {
    return { kind: "compare", root: this.tree(key), base: this.base(chain), made: this.#made(key) };
  }

  layerSource(chain: readonly string[]): DiffSource {
    const root = this.base(chain);
    if (root === null) throw new Error("an empty chain has no layer");
    return { kind: "compare", root, base: this.base(chain.slice(0, -1)) };
  }

  lookupRoots(chain: readonly string[]): string[] {
    const base = this.base(chain);
    return base === null ? [] : [base];
  }

  async usage(key: string, chain: readonly string[]): Promise<number> {
    return this.archiver.changedBytes(this.diffSource(key, chain));
  }

  /** As Docker has it for such drivers. */
  driverData(): null {
    return null;
  }

  /** A bind mount shows the directory itself; what its path is there depends on how its filesystem is mounted. */
  mountsOf(key: string): string[] {
    const tree = lstatSync(this.tree(key), { bigint: true, throwIfNoEntry: false });
    if (!tree) return [];
    const isTree = (target: string) => {
      const shown = lstatSync(target, { bigint: true, throwIfNoEntry: false });
      return shown?.dev === tree.dev && shown.ino === tree.ino;
    };
    return readMounts()
      .filter(({ root, target }) => root.endsWith(`/active/${key}/tree`) && isTree(target))
      .map(({ target }) => target);
  }

  async list(): Promise<{ keys: string[]; chainIds: string[] }> {
    await this.layout.emptyTrash();
    return this.layout.list();
  }

  protected tree(key: string): string {
    return join(this.layout.active(key), "tree");
  }

  /** What containers mount upon is no change of theirs: it is noted which of it was made. */
  #makeMountPoints(key: string): void {
    const lacking = lackingMountPoints(this.tree(key));
    if (lacking.length === 0) return;
    writeFileSync(this.#madeFile(key), JSON.stringify([...new Set([...this.#made(key), ...lacking])]));
    makeMountPoints(this.tree(key), lacking);
  }

  #made(key: string): string[] {
    try {
      const made: unknown = JSON.parse(readFileSync(this.#madeFile(key), "utf8"));
      return Array.isArray(made) ? made.filter((path) => typeof path === "string") : [];
    } catch (error) {
      // A crash in the middle of writing it came before anything was made.
      if (error instanceof SyntaxError || hasCode(error, "ENOENT")) return [];
      throw error;
    }
  }

  #madeFile(key: string): string {
    return join(this.layout.active(key), "mount-points");
  }

  /** The tree of the top layer. */
  protected base(chain: readonly string[]): string | null {
    const top = chain.at(-1);
    return top === undefined ? null : join(this.layout.layer(top), "tree");
  }
}
