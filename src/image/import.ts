import type { ProgressEvent } from "../api/progress.ts";
import { applyChanges } from "../oci/config-changes.ts";
import type { OciImageConfigFile, Platform } from "../oci/image.ts";
import { hostPlatform } from "../oci/platform.ts";
import { commitLayer, type CommittedLayer } from "./commit-layer.ts";
import type { ImageContext } from "./context.ts";
import { createImage } from "./create.ts";
import { layerKey } from "./layers.ts";
import { Lease } from "./lease.ts";
import { publishImageEvent, targetReference } from "./tag.ts";

export interface ImportOptions {
  /** Name for the image. */
  repo?: string;
  tag?: string;
  /** Dockerfile instructions for its configuration. */
  changes?: readonly string[];
  message?: string;
  platform?: Platform;
  signal?: AbortSignal;
}

/** `docker import`: an image of one layer from an archive of a root filesystem, plain or compressed. Yields the new id as a status. */
export async function* importImage(ctx: ImageContext, source: AsyncIterable<Uint8Array>, options: ImportOptions = {}): AsyncGenerator<ProgressEvent> {
  if (options.repo) targetReference(options.repo, options.tag);
  const config = applyChanges({}, options.changes ?? []);
  await using lease = new Lease(ctx);
  const layer = await importLayer(ctx, source, lease, options.signal);
  const created = new Date().toISOString();
  const comment = options.message ?? "";
  const file: OciImageConfigFile = {
    created,
    ...(options.platform ?? hostPlatform()),
    config,
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
    history: [{ created, comment }],
  };
  const tags = options.repo ? [options.tag ? `${options.repo}:${options.tag}` : options.repo] : [];
  const image = await createImage(ctx, { chain: [layer.chainId], config: file, tags, lease });
  publishImageEvent(ctx, "import", image.id, image.id);
  yield { status: image.id };
}

/** The archive's files count, not its bytes: the layer's own archive is packed from them when it is wanted. */
async function importLayer(ctx: ImageContext, source: AsyncIterable<Uint8Array>, lease: Lease, signal: AbortSignal | undefined): Promise<CommittedLayer> {
  const key = layerKey("import");
  lease.add("snapshot", key);
  await using undo = new AsyncDisposableStack();
  await ctx.snapshotter.prepare(key, []);
  undo.defer(() => ctx.snapshotter.remove(key));
  const { root, whiteouts } = ctx.snapshotter.applyTarget(key);
  await ctx.archiver.extract(source, root, { whiteouts, rootAttributes: true }, signal);
  const layer = await commitLayer(ctx, key, [], lease);
  undo.move();
  return layer;
}
