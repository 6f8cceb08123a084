import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ProgressEvent } from "../../api/progress.ts";
import { invalid } from "../../lib/errors.ts";
import { told } from "../../lib/event-queue.ts";
import { shortId } from "../../lib/ids.ts";
import { Semaphore } from "../../lib/lock.ts";
import { chainIds, digestOf, hexOf, layoutPath } from "../../oci/digest.ts";
import type { Platform } from "../../oci/image.ts";
import { isLayerType } from "../../oci/media-types.ts";
import { parseImageConfig, parseManifest } from "../../oci/parse.ts";
import { familiarString, fullString } from "../../oci/reference.ts";
import { Lease } from "../collect/lease.ts";
import type { ImageDeps } from "../deps.ts";
import { registerImage } from "../images.ts";
import { registerIndex } from "../index/register-index.ts";
import { registerLayer } from "../layer/layers.ts";
import { layerByChain } from "../layer-table.ts";
import type { ImageRecord } from "../record.ts";
import { nameRow } from "../table.ts";
import { publishImageEvent, putImageName } from "../tag.ts";
import { adoptFile, layerTypeOf } from "./adopt.ts";
import { readDockerArchive } from "./docker-archive.ts";
import type { FoundEntry, FoundImage } from "./found.ts";
import { ArchiveFiles } from "./members.ts";
import { holdsIndex, readIndexes, readOciArchive } from "./oci-archive.ts";

/** `docker load`: `quiet` leaves out the progress. */
export interface LoadOptions {
  quiet?: boolean;
  /**
   * Which images of those for several platforms to take; default: all, where the archive holds all of them, else this
   * machine's.
   */
  platforms?: readonly Platform[];
  signal?: AbortSignal;
}

/**
 * `docker load`: takes images out of an archive as `docker save` writes it or an OCI layout, plain or compressed.
 * Yields progress; throws `invalid` where the archive is broken, with nothing of the failing image left.
 */
export async function* loadImages(
  deps: ImageDeps,
  source: AsyncIterable<Uint8Array>,
  options: LoadOptions = {},
): AsyncGenerator<ProgressEvent> {
  const dir = await mkdtemp(join(deps.paths.tmp, "images", "load-"));
  try {
    await using lease = new Lease(deps);
    const files = new ArchiveFiles(dir, await deps.archiver.unpackMembers(source, dir, options.signal));
    for (const entry of await readArchive(files, options.platforms ?? []))
      yield* loadEntry(deps, lease, files, entry, options);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** `docker save` writes both forms: the tags of its own are the surer ones, but only an OCI layout has platforms. */
async function readArchive(files: ArchiveFiles, platforms: readonly Platform[]): Promise<FoundEntry[]> {
  const isLayout = files.has("index.json");
  if (!files.has("manifest.json") || (isLayout && (platforms.length > 0 || (await holdsIndex(files))))) {
    if (!isLayout)
      throw invalid(
        "open manifest.json: no such file in archive: it is neither a Docker image archive nor an OCI layout",
      );
    return readOciArchive(files, platforms);
  }
  const [entries, indexes] = [
    await readDockerArchive(files),
    isLayout ? await readIndexes(files) : new Map<string, Uint8Array>(),
  ];
  return entries.map((entry) => {
    const content = entry.images[0] && indexes.get(digestOf(entry.images[0].config));
    return { ...entry, ...(content && { index: { content, blobs: [] } }) };
  });
}

async function* loadEntry(
  deps: ImageDeps,
  lease: Lease,
  files: ArchiveFiles,
  entry: FoundEntry,
  options: LoadOptions,
): AsyncGenerator<ProgressEvent> {
  const images: ImageRecord[] = [];
  for (const found of entry.images) {
    yield* loadLayers(deps, lease, files, found, options);
    images.push(await register(deps, lease, found));
  }
  const { index } = entry;
  for (const digest of index?.blobs ?? []) await adoptFile(deps, lease, files.file(layoutPath(digest)));
  const several =
    index && (await registerIndex(deps, { content: index.content, blobs: index.blobs, members: images, lease }));
  const image = several?.primary ?? images[0];
  if (image) yield* putNames(deps, image, entry.names, several?.digest ?? image.manifestDigest);
}

async function* loadLayers(
  deps: ImageDeps,
  lease: Lease,
  files: ArchiveFiles,
  found: FoundImage,
  options: LoadOptions,
): AsyncGenerator<ProgressEvent> {
  const { diff_ids: diffIds } = parseImageConfig(found.config).rootfs;
  if (diffIds.length !== found.layers.length) {
    throw invalid(`invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${found.layers.length}`);
  }
  const chain = chainIds(diffIds);
  yield* told<ProgressEvent>(async (tell, signal) => {
    let parentReady: Promise<unknown> = Promise.resolve();
    const slots = new Semaphore(2);
    const layers = found.layers.map(async (layer, i) => {
      const below = parentReady;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(() => {});
      parentReady = promise;
      try {
        using _slot = await slots.acquire();
        const work = {
          layer,
          diffId: diffIds[i] ?? "",
          chainId: chain[i] ?? "",
          parentChainId: chain[i - 1] ?? null,
          parentReady: below,
        };
        await loadLayer(deps, lease, files, work, options.quiet ? () => {} : tell, signal);
        resolve();
      } catch (error) {
        reject(error);
        throw error;
      }
    });
    const failed = (await Promise.allSettled(layers)).find((layer) => layer.status === "rejected");
    if (failed) throw failed.reason;
  }, options.signal);
}

interface LayerWork {
  layer: FoundImage["layers"][number];
  diffId: string;
  chainId: string;
  parentChainId: string | null;
  parentReady: Promise<unknown>;
}

async function loadLayer(
  deps: ImageDeps,
  lease: Lease,
  files: ArchiveFiles,
  work: LayerWork,
  tell: (event: ProgressEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { layer, diffId, chainId, parentChainId, parentReady } = work;
  lease.add("layer", chainId);
  // A layer that several images of the archive share is in the store since the first of them.
  if (layerByChain(deps.store, chainId) && deps.snapshotter.has(chainId)) return;
  const file = files.file(layer.name);
  const id = shortId(hexOf(diffId));
  tell({ status: "Loading layer", id, progressDetail: { current: 0, total: file.size } });
  const mediaType = await adoptLayer(deps, lease, file, layer.mediaType);
  await registerLayer(deps, { blobDigest: file.digest, mediaType, diffId, parentChainId, parentReady, lease, signal });
  tell({ status: "Loading layer", id, progressDetail: { current: file.size, total: file.size } });
}

/** Equal layers at several places of an image are one file. */
async function adoptLayer(
  deps: ImageDeps,
  lease: Lease,
  file: { path: string; digest: string },
  stated: string | undefined,
): Promise<string> {
  using _lock = await deps.locks.acquire(`blob ${file.digest}`);
  const mediaType =
    stated ?? (await layerTypeOf(deps.blobs.has(file.digest) ? deps.blobs.path(file.digest) : file.path));
  if (!isLayerType(mediaType)) throw invalid(`unsupported layer media type ${mediaType}`);
  await adoptFile(deps, lease, file);
  return mediaType;
}

async function register(deps: ImageDeps, lease: Lease, found: FoundImage): Promise<ImageRecord> {
  const manifestDigest = found.manifest && digestOf(found.manifest);
  if (found.manifest && manifestDigest) {
    parseManifest(found.manifest);
    lease.add("blob", manifestDigest);
    await deps.blobs.put(found.manifest);
  }
  return registerImage(deps, { config: found.config, lease, ...(manifestDigest !== undefined && { manifestDigest }) });
}

async function* putNames(
  deps: ImageDeps,
  image: ImageRecord,
  names: FoundEntry["names"],
  digest: string | undefined,
): AsyncGenerator<ProgressEvent> {
  for (const ref of names) {
    const familiar = familiarString(ref);
    const before = nameRow(deps.store, fullString(ref));
    // One for another platform keeps its place beside the new one.
    if (before && before.image_id !== image.id && before.digest !== digest) {
      yield {
        stream:
          `The image ${familiar} already exists, renaming the ` +
          `old one with ID ${before.image_id} to empty string\n`,
      };
    }
    putImageName(deps, image.id, ref, { event: false, ...(digest !== undefined && { digest }) });
    publishImageEvent(deps, "load", image.id, familiar);
    yield { stream: `Loaded image: ${familiar}\n` };
  }
  if (names.length === 0) {
    publishImageEvent(deps, "load", image.id, image.id);
    yield { stream: `Loaded image ID: ${image.id}\n` };
  }
}
