import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { directorySize } from "../lib/directory-size.ts";
import { algorithmOf, chainIds, digestOf } from "../oci/digest.ts";
import type { OciImageConfigFile } from "../oci/image.ts";
import { parseImageConfig } from "../oci/parse.ts";
import type { ImageDeps } from "./deps.ts";
import { insertLayer, insertRootfs, layerByChain, rootfsRow } from "./layer-table.ts";
import { addImageBlobs, chainOf, configOf, imageById, insertImage, setChain } from "./table.ts";

/** Configurations are small; what is larger is a layer's archive. */
const CONFIG_LIMIT = 4 * 1024 * 1024;

/**
 * Makes records of images and layers whose files are whole on disk, and none of which the database tells. Such images
 * have no names. Returns their ids.
 */
export async function adoptImages(deps: ImageDeps): Promise<string[]> {
  const adopted: string[] = [];
  for await (const { digest, size } of deps.blobs.list()) {
    const row = imageById(deps.store, digest);
    const config = row ? configOf(row) : size <= CONFIG_LIMIT ? await configIn(deps, digest) : undefined;
    if (!config) continue;
    const chain = chainIds(config.rootfs.diff_ids);
    if (!chain.every((chainId) => deps.snapshotter.has(chainId))) continue;
    const bytes = await adoptLayers(deps, chain, config.rootfs.diff_ids);
    if (!row) {
      insertImage(deps.store, {
        id: digest,
        size: bytes,
        parent_id: "",
        manifest_digest: null,
        created: config.created ?? "",
        last_tagged: "",
        config_json: JSON.stringify(config),
      });
      adopted.push(digest);
    }
    if (chainOf(deps.store, digest).length < chain.length) setChain(deps.store, digest, chain);
    addImageBlobs(deps.store, digest, [digest]);
  }
  return adopted;
}

/**
 * Makes the records of root filesystems whose files are on disk. `imageOf`: the image of a container, null where it has
 * none, undefined where nothing tells of the container. Returns the names below `active` that get no record.
 */
export async function adoptRootfs(
  deps: ImageDeps,
  imageOf: (containerId: string) => string | null | undefined,
): Promise<string[]> {
  const { keys } = await deps.snapshotter.list();
  return keys.filter((id) => {
    if (rootfsRow(deps.store, id)) return false;
    const imageId = imageOf(id);
    const chain = imageId ? chainOf(deps.store, imageId) : [];
    if (imageId === undefined || (imageId !== null && chain.length === 0)) return true;
    const chainId = chain.at(-1)?.chain_id ?? null;
    insertRootfs(deps.store, { container_id: id, image_id: imageId, chain_id: chainId, volatile: 0 });
    return false;
  });
}

/** Moves a container's writable snapshot out of the engine's sight, into `directory`, on the same filesystem. */
export async function putSnapshotAside(deps: ImageDeps, key: string, directory: string): Promise<void> {
  for (const target of deps.snapshotter.mountsOf(key)) await deps.snapshotter.unmount(target, { volatile: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  renameSync(join(deps.paths.layers, "active", key), join(directory, key));
}

/** Returns the bytes of all of them. */
async function adoptLayers(deps: ImageDeps, chain: readonly string[], diffIds: readonly string[]): Promise<number> {
  let total = 0;
  for (const [at, chainId] of chain.entries()) {
    let size = layerByChain(deps.store, chainId)?.size;
    if (size === undefined) {
      const { root } = deps.snapshotter.layerSource(chain.slice(0, at + 1));
      size = await directorySize(root);
      insertLayer(deps.store, {
        chain_id: chainId,
        parent_chain_id: chain[at - 1] ?? null,
        diff_id: diffIds[at] ?? "",
        size,
        unsynced_boot: null,
        archive_size: null,
      });
    }
    total += size;
  }
  return total;
}

async function configIn(deps: ImageDeps, digest: string): Promise<OciImageConfigFile | undefined> {
  try {
    const content = await deps.blobs.read(digest, CONFIG_LIMIT);
    return digestOf(content, algorithmOf(digest)) === digest ? parseImageConfig(content) : undefined;
  } catch {
    // Something else: a manifest, an archive.
    return undefined;
  }
}
