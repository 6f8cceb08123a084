import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../lib/ids.ts";
import type { BuildContext } from "./context.ts";
import { FolderTree } from "./source/folder-tree.ts";

/** Looks into a chain of layers as a tree of files, mounted read-only for the time being. */
export async function withView<T>(ctx: BuildContext, chain: readonly string[], work: (tree: FolderTree) => Promise<T>): Promise<T> {
  await using undo = new AsyncDisposableStack();
  const root = join(ctx.execRoot, "builds", `view-${newId()}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(root));
  if (chain.length > 0) {
    ctx.images.snapshotter.view(chain, root);
    undo.defer(() => ctx.images.snapshotter.unmount(root));
  }
  return await work(undo.use(new FolderTree(root)));
}
