import { rename } from "node:fs/promises";
import { hasCode } from "../../lib/errors.ts";
import type { Archiver } from "../../linux/archive/archiver.ts";
import { hasSubvolumes, removeSubvolume } from "../../linux/btrfs.ts";
import { SizeLimits } from "../../linux/size-limits.ts";
import { filesystemName } from "./filesystem.ts";
import type { Entries } from "./layout.ts";
import { WholeTrees } from "./whole-trees.ts";

/**
 * For btrfs: every layer and snapshot is a subvolume, a snapshot one of the layer below, so they share what is in both.
 * The tree is a directory in it, and not the subvolume itself: programs that find one as their root make more of them.
 */
export class BtrfsSnapshotter extends WholeTrees {
  readonly driver = "btrfs";

  /** Throws where `root` is on another filesystem. */
  constructor(root: string, archiver: Archiver) {
    if (filesystemName(root) !== "btrfs")
      throw new Error(
        "error initializing graphdriver: prerequisites for driver not satisfied (wrong filesystem?): btrfs",
      );
    super(root, archiver, new SizeLimits(root, false), subvolumes(archiver));
  }

  async prepare(key: string, chain: readonly string[], { size = 0 }: { size?: number } = {}): Promise<void> {
    const top = chain.at(-1);
    if (top === undefined) await this.layout.create(key, ["tree"]);
    else await this.layout.create(key, [], { from: this.layout.layer(top) });
    if (size === 0) return;
    try {
      await this.archiver.limitSubvolume(this.layout.active(key), size);
    } catch (error) {
      await this.remove(key);
      throw error;
    }
  }

  /** As Docker's driver counts: what the image has is in it. */
  override get limitsSize(): boolean {
    return true;
  }

  override async commit(key: string, chainId: string): Promise<void> {
    await this.#takeIn(key);
    await super.commit(key, chainId);
  }

  /** Subvolumes that somebody has made inside would be empty in snapshots upon this: they become directories. */
  async #takeIn(key: string): Promise<void> {
    if (!hasSubvolumes(this.layout.active(key))) return;
    const whole = `${key}-whole`;
    await this.prepare(whole, []);
    try {
      await this.archiver.copy(this.tree(key), this.tree(whole), { clones: true });
      await this.remove(key);
      await rename(this.layout.active(whole), this.layout.active(key));
    } catch (error) {
      await this.remove(whole);
      throw error;
    }
  }

  status(): string[][] {
    return [["Btrfs", ""]];
  }
}

function subvolumes(archiver: Archiver): Entries {
  return {
    make: (path, from) => archiver.subvolume(path, from),
    remove: (path) => {
      try {
        removeSubvolume(path);
      } catch (error) {
        if (!hasCode(error, "ENOENT")) throw error;
      }
    },
  };
}
