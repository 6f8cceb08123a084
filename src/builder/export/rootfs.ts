import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { Lease } from "../../image/collect/lease.ts";
import { resolveImage } from "../../image/resolve.ts";
import { newId } from "../../lib/ids.ts";
import type { BuilderDeps } from "../deps.ts";

/**
 * The root filesystem of an image as an archive, exactly as it was built (`-o type=local|tar`). Read it to its end or
 * call `return()`.
 */
export async function* rootfsArchive(deps: BuilderDeps, refOrId: string): AsyncGenerator<Uint8Array> {
  const { chainIds } = resolveImage(deps.images, refOrId);
  await using undo = new AsyncDisposableStack();
  const lease = undo.use(new Lease(deps.images));
  for (const chainId of chainIds) lease.add("layer", chainId);
  const root = join(deps.execRoot, "builds", `export-${newId()}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(root));
  if (chainIds.length > 0) {
    deps.images.snapshotter.view(chainIds, root);
    undo.defer(() => deps.images.snapshotter.unmount(root));
  }
  yield* deps.images.archiver.pack(root);
}
