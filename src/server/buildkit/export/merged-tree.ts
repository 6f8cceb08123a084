import { type SourceEntry, type SourceTree, walk } from "../../../builder/source/tree.ts";
import { Breath } from "../../../lib/breath.ts";
import { invalid } from "../../../lib/errors.ts";

/** Several trees in one place: what an earlier one has hides what later ones have there; folders are one. */
export class MergedTree implements SourceTree {
  constructor(private readonly trees: readonly SourceTree[]) {}

  entry(path: string): SourceEntry | undefined {
    return this.#having(path)?.entry(path);
  }

  children(path: string): string[] {
    if (this.entry(path)?.type !== "directory") return [];
    const all = this.trees.filter((tree) => tree.entry(path)?.type === "directory");
    return [...new Set(all.flatMap((tree) => tree.children(path)))].sort();
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const tree = this.#having(path);
    if (tree) yield* tree.read(path);
  }

  digest(path: string, signal: AbortSignal): string | undefined | Promise<string> {
    return this.#having(path)?.digest(path, signal);
  }

  #having(path: string): SourceTree | undefined {
    return this.trees.find((tree) => tree.entry(path) !== undefined);
  }
}

/** Throws `invalid` where trees, by their platforms, have something else than a folder in one place. */
export async function checkMerge(trees: ReadonlyMap<string, SourceTree>): Promise<void> {
  if (trees.size < 2) return;
  const seen = new Map<string, { platform: string; folder: boolean }>();
  const breath = new Breath();
  for (const [platform, tree] of trees) {
    for (const { path, entry } of walk(tree, "")) {
      const folder = entry.type === "directory";
      const before = seen.get(path);
      if (before && !(before.folder && folder))
        throw invalid(
          `cannot overwrite ${path} from ${before.platform} with ${platform} when split option is disabled`,
        );
      seen.set(path, { platform, folder });
      if (breath.due) await breath.take();
    }
  }
}
