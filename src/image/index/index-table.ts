import type { Store } from "../../store/store.ts";
import { nameRow } from "../table.ts";

/**
 * Queries on indexes: images of several platforms that one name stands for. The first member is the one that the name
 * itself shows.
 */
export function setIndex(store: Store, digest: string, imageIds: readonly string[]): void {
  const insert = store.query(
    "INSERT INTO image_index (digest, image_id, position) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  imageIds.forEach((id, position) => insert.run(digest, id, position));
}

/** Images of an index; empty where it is unknown here, as that of an image that was pulled for one platform. */
export function indexMembers(store: Store, digest: string): string[] {
  return store
    .query<{ image_id: string }, [string]>("SELECT image_id FROM image_index WHERE digest = ? ORDER BY position")
    .all(digest)
    .map((row) => row.image_id);
}

/** The index that a stored name stands for, if it stands for one whose images are here. */
export function indexOfName(store: Store, name: string): string | undefined {
  const digest = nameRow(store, name)?.digest;
  return digest != null && indexMembers(store, digest).length > 0 ? digest : undefined;
}

/** Images without a name of their own that stay because of the index of a name. */
export function heldByIndexes(store: Store): Set<string> {
  const rows = store
    .query<{ image_id: string }, []>(
      "SELECT DISTINCT i.image_id FROM image_index i JOIN image_name n ON n.digest = i.digest WHERE NOT EXISTS " +
        "(SELECT 1 FROM image_name own WHERE own.image_id = i.image_id)",
    )
    .all();
  return new Set(rows.map((row) => row.image_id));
}

/** The other images of the indexes that an image's names stand for. */
export function companionsOf(store: Store, imageId: string): string[] {
  return store
    .query<{ image_id: string }, [string, string]>(
      "SELECT DISTINCT i.image_id FROM image_name n JOIN image_index i ON i.digest = n.digest WHERE n.image_id " +
        "= ? AND i.image_id <> ?",
    )
    .all(imageId, imageId)
    .map((row) => row.image_id);
}
