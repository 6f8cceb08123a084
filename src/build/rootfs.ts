import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { Lease } from "../image/lease.ts";
import { resolveImage } from "../image/resolve.ts";
import { newId } from "../lib/ids.ts";
import type { BuildContext } from "./context.ts";

/** The root filesystem of an image as an archive, exactly as it was built (`-o type=local|tar`). Read it to its end or call `return()`. */
export async function* rootfsArchive(ctx: BuildContext, refOrId: string): AsyncGenerator<Uint8Array> {
  const { chainIds } = resolveImage(ctx.images, refOrId);
  await using undo = new AsyncDisposableStack();
  const lease = undo.use(new Lease(ctx.images));
  for (const chainId of chainIds) lease.add("layer", chainId);
  const root = join(ctx.execRoot, "builds", `export-${newId()}`);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  undo.defer(() => rmdirSync(root));
  if (chainIds.length > 0) {
    ctx.images.snapshotter.view(chainIds, root);
    undo.defer(() => ctx.images.snapshotter.unmount(root));
  }
  yield* ctx.images.archiver.pack(root);
}
