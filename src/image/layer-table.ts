import type { Store } from "../store/store.ts";

/** Queries on the tables of layers, the blobs that they come as, and root filesystems. */
export interface LayerRow {
  chain_id: string;
  parent_chain_id: string | null;
  diff_id: string;
  size: number;
  /** Boot id of the machine while the files may not be on disk yet; null once they are. */
  unsynced_boot: string | null;
  /** Bytes of its uncompressed archive; null: not known. */
  archive_size: number | null;
}

const layerColumns = "chain_id, parent_chain_id, diff_id, size, unsynced_boot, archive_size";

/** null where the layer is not here. */
export function layerByChain(store: Store, chainId: string): LayerRow | null {
  return store.query<LayerRow, [string]>(`SELECT ${layerColumns} FROM layer WHERE chain_id = ?`).get(chainId);
}

/** Every registered layer, in no order. */
export function allLayers(store: Store): LayerRow[] {
  return store.query<LayerRow, []>(`SELECT ${layerColumns} FROM layer`).all();
}

/** Does nothing where the layer is known already. */
export function insertLayer(store: Store, row: LayerRow): void {
  store
    .query(`INSERT INTO layer (${layerColumns}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
    .run(row.chain_id, row.parent_chain_id, row.diff_id, row.size, row.unsynced_boot, row.archive_size);
}

/** Its files are the caller's to remove. */
export function deleteLayerRow(store: Store, chainId: string): void {
  store.query("DELETE FROM layer WHERE chain_id = ?").run(chainId);
}

/** Notes that the files of these layers are on disk. */
export function markSynced(store: Store, chainIds: readonly string[]): void {
  const update = store.query("UPDATE layer SET unsynced_boot = NULL WHERE chain_id = ?");
  for (const chainId of chainIds) update.run(chainId);
}

/** The chain that ends with this layer, base first. */
export function chainTo(store: Store, chainId: string | null): string[] {
  const chain: string[] = [];
  for (let at = chainId; at !== null; ) {
    chain.push(at);
    at = layerByChain(store, at)?.parent_chain_id ?? null;
  }
  return chain.reverse();
}

/** Nothing of this folder needs the layer `l`: no image, no root filesystem, no other layer, no lease. */
const loose = `NOT EXISTS (SELECT 1 FROM image_layer WHERE chain_id = l.chain_id)
       AND NOT EXISTS (SELECT 1 FROM rootfs WHERE chain_id = l.chain_id)
       AND NOT EXISTS (SELECT 1 FROM layer WHERE parent_chain_id = l.chain_id)
       AND NOT EXISTS (SELECT 1 FROM lease_item i JOIN lease ON lease.id = i.lease_id
                       WHERE i.kind = 'layer' AND i.key = l.chain_id AND lease.expires_at > ?1)`;

/** Chain ids of the layers that no image, no root filesystem, no lease and no other layer stands upon. */
export function looseLayers(store: Store, now: number): string[] {
  return store
    .query<{ chain_id: string }, [number]>(`SELECT chain_id FROM layer l WHERE ${loose}`)
    .all(now)
    .map((row) => row.chain_id);
}

/** The layer is there, and one of {@link looseLayers}. */
export function isLoose(store: Store, chainId: string, now: number): boolean {
  return (
    store
      .query<{ n: number }, [number, string]>(`SELECT 1 AS n FROM layer l WHERE l.chain_id = ?2 AND ${loose}`)
      .get(now, chainId) !== null
  );
}

/** Every layer of every image. */
export function allImageLayers(store: Store): { image_id: string; chain_id: string }[] {
  return store.query<{ image_id: string; chain_id: string }, []>("SELECT image_id, chain_id FROM image_layer").all();
}

/** Ids of the images that stand upon the layer. */
export function imagesOn(store: Store, chainId: string): string[] {
  return store
    .query<{ image_id: string }, [string]>("SELECT image_id FROM image_layer WHERE chain_id = ?")
    .all(chainId)
    .map((row) => row.image_id);
}

/** Whether any image has the layer. */
export function isInImage(store: Store, chainId: string): boolean {
  return (
    store
      .query<{ found: number }, [string]>("SELECT EXISTS (SELECT 1 FROM image_layer WHERE chain_id = ?) AS found")
      .get(chainId)?.found === 1
  );
}

/** An archive (`digest`, `size` in bytes, compressed or not) that unpacks to the layer content `diff_id`. */
export interface LayerBlobRow {
  diff_id: string;
  digest: string;
  media_type: string;
  size: number;
}

/** The archives in the blob store that a layer came as, oldest first. */
export function layerBlobs(store: Store, diffId: string): LayerBlobRow[] {
  return blobsOf(store, diffId).filter((blob) => blob.media_type !== splitType);
}

/** What tar-split kept of the archive of a layer that came without: it can be made again by it. */
export function layerSplit(store: Store, diffId: string): LayerBlobRow | undefined {
  return blobsOf(store, diffId).find((blob) => blob.media_type === splitType);
}

/** {@link layerBlobs} and {@link layerSplit}: all that goes with the layer. */
export function blobsOf(store: Store, diffId: string): LayerBlobRow[] {
  return store
    .query<LayerBlobRow, [string]>(
      "SELECT diff_id, digest, media_type, size FROM layer_blob WHERE diff_id = ? ORDER BY rowid",
    )
    .all(diffId);
}

/** The media type under which {@link layerSplit} is kept. No registry ever sees it. */
export const splitType = "application/vnd.berth.layer.tar-split.v1+json.gzip";

/** Does nothing where the archive is noted already. */
export function insertLayerBlob(store: Store, row: LayerBlobRow): void {
  store
    .query("INSERT INTO layer_blob (diff_id, digest, media_type, size) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
    .run(row.diff_id, row.digest, row.media_type, row.size);
}

/** Forgets the archive and the repositories that have it; the blob itself is the caller's to remove. */
export function deleteLayerBlob(store: Store, digest: string): void {
  store.query("DELETE FROM layer_blob WHERE digest = ?").run(digest);
  store.query("DELETE FROM blob_source WHERE digest = ?").run(digest);
}

/** Repositories (full names) that are known to have a blob: a push to the same registry can mount it from there. */
export function blobSources(store: Store, digest: string): string[] {
  return store
    .query<{ repository: string }, [string]>("SELECT repository FROM blob_source WHERE digest = ? ORDER BY rowid DESC")
    .all(digest)
    .map((row) => row.repository);
}

/** Layers that came from a repository (full name), the latest first: at most 32. */
export function blobsFrom(store: Store, repository: string): string[] {
  return store
    .query<{ digest: string }, [string]>(
      "SELECT digest FROM blob_source WHERE repository = ? ORDER BY rowid DESC LIMIT 32",
    )
    .all(repository)
    .map((row) => row.digest);
}

/** Notes that a repository (full name) has the blob. */
export function addBlobSource(store: Store, digest: string, repository: string): void {
  store
    .query("INSERT INTO blob_source (digest, repository) VALUES (?, ?) ON CONFLICT DO NOTHING")
    .run(digest, repository);
}

/** True where an image, a layer of one, or a lease keeps the blob. */
export function blobInUse(store: Store, digest: string, now: number): boolean {
  return (
    store
      .query<{ used: number }, [string, string, string, number]>(
        `SELECT EXISTS (SELECT 1 FROM image_blob WHERE digest = ?)
       OR EXISTS (SELECT 1 FROM layer_blob b JOIN layer l ON l.diff_id = b.diff_id WHERE b.digest = ?)
       OR EXISTS (SELECT 1 FROM lease_item i JOIN lease ON lease.id = i.lease_id
                  WHERE i.kind = 'blob' AND i.key = ? AND lease.expires_at > ?) AS used`,
      )
      .get(digest, digest, digest, now)?.used === 1
  );
}

/**
 * A container's root filesystem: the image and the top layer it was made of, null for an empty one. `volatile`: 1:
 * nothing is synced to disk at unmount; 0: it is.
 */
export interface RootfsRow {
  container_id: string;
  image_id: string | null;
  chain_id: string | null;
  volatile: number;
}

/** null where the container has none. */
export function rootfsRow(store: Store, containerId: string): RootfsRow | null {
  return store
    .query<RootfsRow, [string]>("SELECT container_id, image_id, chain_id, volatile FROM rootfs WHERE container_id = ?")
    .get(containerId);
}

/** Throws SQLite's error where the container has one already. */
export function insertRootfs(store: Store, row: RootfsRow): void {
  store
    .query("INSERT INTO rootfs (container_id, image_id, chain_id, volatile) VALUES (?, ?, ?, ?)")
    .run(row.container_id, row.image_id, row.chain_id, row.volatile);
}

/** Does nothing where the container has none. */
export function deleteRootfs(store: Store, containerId: string): void {
  store.query("DELETE FROM rootfs WHERE container_id = ?").run(containerId);
}

/** Ids of the containers that have a root filesystem. */
export function rootfsIds(store: Store): string[] {
  return store
    .query<{ container_id: string }, []>("SELECT container_id FROM rootfs")
    .all()
    .map((row) => row.container_id);
}
