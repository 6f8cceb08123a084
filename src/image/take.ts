import { errorMessage } from "../lib/errors.ts";
import { Semaphore } from "../lib/lock.ts";
import type { ShareOptions } from "../linux/archive/options.ts";
import { digestOf } from "../oci/digest.ts";
import { familiarString, fullString, type Reference } from "../oci/reference.ts";
import type { Lease } from "./collect/lease.ts";
import type { ImageDeps } from "./deps.ts";
import { hasImage } from "./find.ts";
import { registerImage } from "./images.ts";
import { registerUnpackedLayer, syncLayers } from "./layer/layers.ts";
import { nameRow } from "./table.ts";
import { publishImageEvent, putImageDigest, putImageName } from "./tag.ts";

/** An image that another engine on this machine has unpacked. */
export interface UnpackedImage {
  /** The configuration file, byte for byte. */
  config: Uint8Array;
  /** Base first. */
  layers: readonly UnpackedLayer[];
  names: readonly Reference[];
  /** The image that it was built upon; empty: none. */
  parentId: string;
}

/** A layer of it. `tree` and `split` as in {@link registerUnpackedLayer}. */
export interface UnpackedLayer {
  diffId: string;
  parentChainId: string | null;
  tree: string;
  split: string;
}

/** How an image is taken, and who is told. */
export interface TakeImageOptions {
  lease: Lease;
  share: Omit<ShareOptions, "tree">;
  /** Called after each layer, with how many of its bytes are shared. */
  tell(layer: UnpackedLayer, shared: number): void;
  signal?: AbortSignal;
}

/**
 * Makes an image of what another engine has of it, every layer checked against its digest. Names come last; those that
 * stand for another image here stay so. It is on disk when this returns. Throws `invalid`, with the layer's digest,
 * where one is damaged.
 */
export async function takeImage(deps: ImageDeps, image: UnpackedImage, options: TakeImageOptions): Promise<void> {
  const { lease } = options;
  const chain = await takeLayers(deps, image.layers, options);
  const id = digestOf(image.config);
  lease.add("blob", id);
  const parentId = hasImage(deps, image.parentId) ? image.parentId : "";
  if (!hasImage(deps, id)) await registerImage(deps, { config: image.config, parentId, lease });
  await syncLayers(deps, chain);
  takeNames(deps, id, image.names);
}

async function takeLayers(
  deps: ImageDeps,
  layers: readonly UnpackedLayer[],
  { lease, share, tell, signal }: TakeImageOptions,
): Promise<string[]> {
  const slots = new Semaphore(4);
  let below: Promise<unknown> = Promise.resolve();
  const taken = layers.map((layer) => {
    const taking = takeLayer(deps, layer, below, slots, { lease, share, tell, ...(signal && { signal }) });
    below = taking;
    return taking;
  });
  const results = await Promise.allSettled(taken);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

async function takeLayer(
  deps: ImageDeps,
  layer: UnpackedLayer,
  parentReady: Promise<unknown>,
  slots: Semaphore,
  { lease, share, tell, signal }: TakeImageOptions,
): Promise<string> {
  parentReady.catch(() => {});
  using _slot = await slots.acquire(signal);
  try {
    const { chainId, shared } = await registerUnpackedLayer(deps, { ...layer, parentReady, share, lease, signal });
    tell(layer, shared);
    return chainId;
  } catch (error) {
    throw error instanceof LayerError ? error : new LayerError(layer.diffId, error);
  }
}

/** Says which layer of an image failed. The first that fails is told of, not those that wait for it. */
class LayerError extends Error {
  constructor(diffId: string, cause: unknown) {
    super(`layer ${diffId}: ${errorMessage(cause)}`, { cause });
  }
}

/**
 * Gives an image those of its names that nobody has here. `digest`: of the manifest or index that they stand for, where
 * the names do not say it.
 */
export function takeNames(deps: ImageDeps, id: string, names: readonly Reference[], digest?: string): void {
  for (const ref of names.filter((name) => holderOf(deps, name) === undefined)) {
    if (ref.digest !== undefined && ref.tag === undefined) {
      putImageDigest(deps, id, ref, ref.digest);
      continue;
    }
    const sameRepository = ({ domain, path }: Reference) => domain === ref.domain && path === ref.path;
    const known = digest ?? names.find((name) => name.digest !== undefined && sameRepository(name))?.digest;
    putImageName(deps, id, ref, { event: false, ...(known !== undefined && { digest: known }) });
    publishImageEvent(deps, "load", id, familiarString(ref));
  }
}

/** Id of the image that a name stands for here. */
export function holderOf(deps: ImageDeps, ref: Reference): string | undefined {
  return nameRow(deps.store, fullString(ref))?.image_id;
}
