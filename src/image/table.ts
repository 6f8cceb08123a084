import { timeNow } from "../linux/clock.ts";
import type { OciImageConfigFile } from "../oci/image.ts";
import type { Store } from "../store/store.ts";

/** Queries on the tables of images and their names; layers and leases have their own files. */
export interface ImageRow {
  id: string;
  created: string;
  size: number;
  parent_id: string;
  manifest_digest: string | null;
  last_tagged: string;
  config_json: string;
}

/** A tag or a digest reference by which an image is known. */
export interface NameRow {
  /** Full: `docker.io/library/busybox:latest` or `…@sha256:…`. */
  name: string;
  image_id: string;
  /** Full: `docker.io/library/busybox`. */
  repository: string;
  kind: "tag" | "digest";
  /** Tags: digest of the manifest that the tag was pulled with. */
  digest: string | null;
}

const imageColumns = "id, created, size, parent_id, manifest_digest, last_tagged, config_json";

/** By the whole id, `sha256:…`. */
export function imageById(store: Store, id: string): ImageRow | null {
  return store.query<ImageRow, [string]>(`SELECT ${imageColumns} FROM image WHERE id = ?`).get(id);
}

/** At most two: enough to tell "none", "one" and "ambiguous" apart. `hex` without `sha256:`. */
export function imagesByPrefix(store: Store, hex: string): ImageRow[] {
  if (!/^[0-9a-f]{1,64}$/.test(hex)) return [];
  return store
    .query<ImageRow, [string, string]>(`SELECT ${imageColumns} FROM image WHERE id >= ? AND id < ? LIMIT 2`)
    .all(`sha256:${hex}`, `sha256:${hex}g`);
}

/** Every image, in no order. */
export function allImages(store: Store): ImageRow[] {
  return store.query<ImageRow, []>(`SELECT ${imageColumns} FROM image`).all();
}

/** `sha256:…` of every image, in no order. */
export function allImageIds(store: Store): string[] {
  return store
    .query<{ id: string }, []>("SELECT id FROM image")
    .all()
    .map((row) => row.id);
}

/** Does nothing where the image is there already. */
export function insertImage(store: Store, row: ImageRow): void {
  store
    .query(`INSERT INTO image (${imageColumns}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
    .run(row.id, row.created, row.size, row.parent_id, row.manifest_digest, row.last_tagged, row.config_json);
}

/** Notes the manifest by which the image is pushed and saved. */
export function setManifest(store: Store, id: string, digest: string): void {
  store.query("UPDATE image SET manifest_digest = ? WHERE id = ?").run(digest, id);
}

/** Notes the image that this one was built or committed upon. */
export function setParent(store: Store, id: string, parentId: string): void {
  store.query("UPDATE image SET parent_id = ? WHERE id = ?").run(parentId, id);
}

/** Does nothing where there is no such image. */
export function deleteImageRow(store: Store, id: string): void {
  store.query("DELETE FROM image WHERE id = ?").run(id);
}

/** Ids of the images that were built or committed upon this one. */
export function childrenOf(store: Store, id: string): string[] {
  return store
    .query<{ id: string }, [string]>("SELECT id FROM image WHERE parent_id = ?")
    .all(id)
    .map((row) => row.id);
}

/** By the full name. */
export function nameRow(store: Store, name: string): NameRow | null {
  return store
    .query<NameRow, [string]>("SELECT name, image_id, repository, kind, digest FROM image_name WHERE name = ?")
    .get(name);
}

/** Tags and digests that stand for the image. */
export function namesOf(store: Store, imageId: string): NameRow[] {
  return store
    .query<NameRow, [string]>(
      "SELECT name, image_id, repository, kind, digest FROM image_name WHERE image_id = ? ORDER BY name",
    )
    .all(imageId);
}

/** The names of all images, sorted. */
export function allNames(store: Store): NameRow[] {
  return store
    .query<NameRow, []>("SELECT name, image_id, repository, kind, digest FROM image_name ORDER BY name")
    .all();
}

/** Takes the name from the image that has it, if one does. */
export function putName(store: Store, row: NameRow): void {
  store
    .query(
      `INSERT INTO image_name (name, image_id, repository, kind, digest) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET image_id = excluded.image_id, digest = excluded.digest`,
    )
    .run(row.name, row.image_id, row.repository, row.kind, row.digest);
  store.query("UPDATE image SET last_tagged = ? WHERE id = ?").run(timeNow(), row.image_id);
}

/** Takes the full name only. Does nothing where there is no such name. */
export function deleteName(store: Store, name: string): void {
  store.query("DELETE FROM image_name WHERE name = ?").run(name);
}

/** Layers of an image, base first. */
export function chainOf(store: Store, imageId: string): { chain_id: string; diff_id: string; size: number }[] {
  return store
    .query<{ chain_id: string; diff_id: string; size: number }, [string]>(
      "SELECT l.chain_id, l.diff_id, l.size FROM image_layer il JOIN layer l ON l.chain_id = il.chain_id WHERE " +
        "il.image_id = ? ORDER BY il.position",
    )
    .all(imageId);
}

/** Notes the layers of an image, base first. */
export function setChain(store: Store, imageId: string, chain: readonly string[]): void {
  const insert = store.query(
    "INSERT INTO image_layer (image_id, position, chain_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  chain.forEach((chainId, position) => insert.run(imageId, position, chainId));
}

/** Blobs that live as long as the image: configuration, manifests, layers as they were pulled. */
export function addImageBlobs(store: Store, imageId: string, digests: readonly string[]): void {
  const insert = store.query("INSERT INTO image_blob (image_id, digest) VALUES (?, ?) ON CONFLICT DO NOTHING");
  for (const digest of digests) insert.run(imageId, digest);
}

/** Digests of the blobs that live as long as the image; see {@link addImageBlobs}. */
export function imageBlobs(store: Store, imageId: string): string[] {
  return store
    .query<{ digest: string }, [string]>("SELECT digest FROM image_blob WHERE image_id = ?")
    .all(imageId)
    .map((row) => row.digest);
}

/** The configuration file. */
export function configOf(row: ImageRow): OciImageConfigFile {
  const config: OciImageConfigFile = JSON.parse(row.config_json);
  return config;
}
