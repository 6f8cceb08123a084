import { invalid } from "../lib/errors.ts";
import { chainIds, digestOf } from "../oci/digest.ts";
import type { Platform } from "../oci/image.ts";
import { parseImageConfig } from "../oci/parse.ts";
import { familiarOf } from "../oci/reference.ts";
import { requireRoom } from "../store/room.ts";
import type { Lease } from "./collect/lease.ts";
import type { ImageDeps } from "./deps.ts";
import { syncLayers } from "./layer/layers.ts";
import { layerByChain } from "./layer-table.ts";
import type { ImageRecord } from "./record.ts";
import {
  addImageBlobs,
  chainOf,
  configOf,
  type ImageRow,
  imageById,
  insertImage,
  namesOf,
  setChain,
  setManifest,
  setParent,
} from "./table.ts";

/** An image to be registered, whose layers are registered already. */
export interface ImageRequest {
  /** The configuration file, byte for byte: its digest becomes the id. */
  config: Uint8Array;
  /** Manifest that the image came by; it must be in the blob store. */
  manifestDigest?: string;
  /** More blobs to keep with the image: indexes, attestations. The configuration and the manifest need not be named. */
  blobs?: readonly string[];
  /** Image that it was built or committed upon. */
  parentId?: string;
  lease: Lease;
}

/**
 * Makes an image of layers that are registered. Idempotent: the same configuration is the same image. Names come after
 * ({@link tagImage} and its like). Throws `invalid` where the configuration is broken or names a layer that is missing.
 */
export async function registerImage(deps: ImageDeps, request: ImageRequest): Promise<ImageRecord> {
  const { config, manifestDigest, lease, parentId = "" } = request;
  requireRoom(deps.store);
  const file = parseImageConfig(config);
  const id = digestOf(config);
  lease.add("blob", id);
  await deps.blobs.put(config);
  const chain = chainIds(file.rootfs.diff_ids);
  let size = 0;
  for (const chainId of chain) {
    const layer = layerByChain(deps.store, chainId);
    if (!layer) throw invalid(`layer ${chainId} of image ${id} does not exist`);
    size += layer.size;
  }
  deps.store.transaction(() => {
    insertImage(deps.store, {
      id,
      size,
      parent_id: parentId,
      manifest_digest: manifestDigest ?? null,
      created: file.created ?? "",
      last_tagged: "",
      config_json: JSON.stringify(file),
    });
    if (manifestDigest !== undefined) setManifest(deps.store, id, manifestDigest);
    if (parentId !== "" && parentId !== id) setParent(deps.store, id, parentId);
    setChain(deps.store, id, chain);
    addImageBlobs(deps.store, id, [
      id,
      ...(manifestDigest === undefined ? [] : [manifestDigest]),
      ...(request.blobs ?? []),
    ]);
  })();
  // Not waited for: until it is done, a start after a power failure checks these layers again.
  void syncLayers(deps, chain).catch((error: unknown) =>
    deps.log.warn("cannot sync layers to disk", { image: id, error: String(error) }),
  );
  return recordOf(deps, id);
}

/** An image whose layers are registered and which is none of the engine's images. Throws `invalid`. */
export function unlistedImage(deps: ImageDeps, config: Uint8Array, manifestDigest: string): ImageRecord {
  const file = parseImageConfig(config);
  const chain = chainIds(file.rootfs.diff_ids);
  return {
    id: digestOf(config),
    config: file,
    chainIds: chain,
    diffIds: file.rootfs.diff_ids,
    size: chain.reduce((sum, chainId) => sum + (layerByChain(deps.store, chainId)?.size ?? 0), 0),
    created: file.created ?? "",
    repoTags: [],
    repoDigests: [],
    manifestDigest,
    platform: platformOf(file),
    parentId: "",
    lastTagged: "",
  };
}

/** The record of an image that is known to exist. */
export function recordOf(deps: ImageDeps, id: string): ImageRecord {
  const row = imageById(deps.store, id);
  if (!row) throw new Error(`image ${id} has no record`);
  return toRecord(deps, row);
}

/** The record of a row, with its layers and names. */
export function toRecord(deps: ImageDeps, row: ImageRow): ImageRecord {
  const config = configOf(row);
  const chain = chainOf(deps.store, row.id);
  const names = namesOf(deps.store, row.id);
  return {
    id: row.id,
    config,
    chainIds: chain.map((layer) => layer.chain_id),
    diffIds: chain.map((layer) => layer.diff_id),
    size: row.size,
    created: row.created,
    repoTags: names.filter((name) => name.kind === "tag").map((name) => familiarOf(name.name)),
    repoDigests: names.filter((name) => name.kind === "digest").map((name) => familiarOf(name.name)),
    ...(row.manifest_digest !== null && { manifestDigest: row.manifest_digest }),
    platform: platformOf(config),
    parentId: row.parent_id,
    lastTagged: row.last_tagged,
  };
}

function platformOf(config: Platform): Platform {
  return {
    architecture: config.architecture,
    os: config.os,
    ...(config["os.version"] !== undefined && { "os.version": config["os.version"] }),
    ...(config["os.features"] !== undefined && { "os.features": config["os.features"] }),
    ...(config.variant !== undefined && { variant: config.variant }),
  };
}
