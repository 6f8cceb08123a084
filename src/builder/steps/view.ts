import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../lib/ids.ts";
import type { BuilderDeps } from "../deps.ts";
import { FolderTree } from "../source/folder-tree.ts";

/** Looks into a chain of layers as a tree of files, mounted read-only for the time being. */
export async function withView<T>(
  deps: BuilderDeps,
  chain: readonly string[],
  work: (tree: FolderTree, root: string) => Promise<T>,
): Promise<T> {
  await using undo = new AsyncDisposableStack();
  const root = join(deps.execRoot, "builds", `view-${newId()}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(root));
  if (chain.length > 0) {
    deps.images.snapshotter.view(chain, root);
    undo.defer(() => deps.images.snapshotter.unmount(root));
  }
  return await work(undo.use(new FolderTree(root)), root);
}
