import { parentOf } from "../../../builder/source/path.ts";
import type { SourceEntry, SourceTree } from "../../../builder/source/tree.ts";
import { tarEntry } from "../../../lib/tar/entry.ts";

/** Several trees as one, each below a folder of its own at the top. */
export class JoinedTree implements SourceTree {
  readonly #mtime = Math.floor(Date.now() / 1000);

  constructor(private readonly trees: ReadonlyMap<string, SourceTree>) {}

  entry(path: string): SourceEntry | undefined {
    if (path === "" || this.trees.has(path))
      return tarEntry({ name: path, type: "directory", mode: 0o755, mtime: this.#mtime });
    const found = this.#below(path);
    return found?.tree.entry(found.path);
  }

  children(path: string): string[] {
    if (path === "") return [...this.trees.keys()].sort();
    const found = this.#below(path);
    return found?.tree.children(found.path) ?? [];
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const found = this.#below(path);
    if (found) yield* found.tree.read(found.path);
  }

  digest(path: string, signal: AbortSignal): string | undefined | Promise<string> {
    const found = this.#below(path);
    return found?.tree.digest(found.path, signal);
  }

  #below(path: string): { tree: SourceTree; path: string } | undefined {
    let top = path;
    while (parentOf(top) !== "") top = parentOf(top);
    const tree = this.trees.get(top);
    return tree && { tree, path: path.slice(top.length + 1) };
  }
}
