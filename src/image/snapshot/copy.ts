import type { Archiver } from "../../linux/archive/archiver.ts";
import { SizeLimits } from "../../linux/size-limits.ts";
import { directories } from "./layout.ts";
import { WholeTrees } from "./whole-trees.ts";

/** For filesystems that cannot carry overlayfs: every tree is a copy. Slow and big, but it works anywhere. */
export class CopySnapshotter extends WholeTrees {
  readonly driver = "vfs";

  constructor(root: string, archiver: Archiver, limits = new SizeLimits(root, false)) {
    super(root, archiver, limits, directories(archiver));
  }

  async prepare(key: string, chain: readonly string[], { size }: { size?: number } = {}): Promise<void> {
    await this.layout.create(key, ["tree"], { size });
    const base = this.base(chain);
    if (base === null) return;
    try {
      await this.archiver.copy(base, this.tree(key));
    } catch (error) {
      await this.remove(key);
      throw error;
    }
  }

  status(): string[][] {
    return [];
  }
}
