import type { ProgressEvent } from "../../api/progress.ts";
import { EngineError, internal } from "../../lib/errors.ts";
import { timeNow } from "../../linux/clock.ts";
import { applyChanges } from "../../oci/config-changes.ts";
import type { OciImageConfigFile, Platform } from "../../oci/image.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { fullString, type Reference } from "../../oci/reference.ts";
import { Lease } from "../collect/lease.ts";
import { createImage } from "../create.ts";
import type { ImageDeps } from "../deps.ts";
import { type CommittedLayer, commitLayer } from "../layer/commit-layer.ts";
import { layerKey } from "../layer/layers.ts";
import { publishImageEvent } from "../tag.ts";

/** `docker import`: what the new image is to be. */
export interface ImportOptions {
  /** Name for the image. */
  name?: Reference;
  /** Dockerfile instructions for its configuration. */
  changes?: readonly string[];
  message?: string;
  platform?: Platform;
  signal?: AbortSignal;
}

/**
 * `docker import`: an image of one layer from an archive of a root filesystem, plain or compressed. Yields the new id
 * as a status. Throws `invalid` for wrong changes, `internal` for what is no archive.
 */
export async function* importImage(
  deps: ImageDeps,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions = {},
): AsyncGenerator<ProgressEvent> {
  const config = applyChanges({}, options.changes ?? []);
  await using lease = new Lease(deps);
  const layer = await importLayer(deps, source, lease, options.signal);
  const created = timeNow();
  const comment = options.message ?? "";
  const file: OciImageConfigFile = {
    created,
    ...(options.platform ?? hostPlatform()),
    config,
    rootfs: { type: "layers", diff_ids: [layer.diffId] },
    history: [{ created, comment }],
  };
  const image = await createImage(deps, {
    chain: [layer.chainId],
    config: file,
    tags: options.name ? [fullString(options.name)] : [],
    lease,
  });
  publishImageEvent(deps, "import", image.id, image.id);
  yield { status: image.id };
}

/** The archive's files count, not its bytes: the layer's own archive is packed from them when it is wanted. */
async function importLayer(
  deps: ImageDeps,
  source: AsyncIterable<Uint8Array>,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<CommittedLayer> {
  const key = layerKey("import");
  lease.add("snapshot", key);
  await using undo = new AsyncDisposableStack();
  await deps.snapshotter.prepare(key, []);
  undo.defer(() => deps.snapshotter.remove(key));
  const { root, whiteouts } = deps.snapshotter.applyTarget(key);
  await deps.archiver.extract(source, root, { whiteouts, rootAttributes: true }, signal).catch((error: unknown) => {
    throw asDocker(error);
  });
  const layer = await commitLayer(deps, key, [], lease, signal);
  undo.move();
  return layer;
}

/** An archive that is none is for Docker not the request's fault. */
function asDocker(error: unknown): unknown {
  return error instanceof EngineError && error.kind === "invalid" ? internal(error.message, error) : error;
}
