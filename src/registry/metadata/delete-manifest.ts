import type { Database } from "bun:sqlite";
import { RegistryError } from "../errors.ts";

/**
 * Removes a manifest and the tags that point at it. What was there only for its sake (platform manifests of an index,
 * signatures and other referrers without a tag) is marked as orphaned and goes with a later collection, and so do the
 * blobs that nothing names any more. False where there is no such manifest; throws UNSUPPORTED where an index still
 * names it.
 */
export function deleteManifest(db: Database, repository: string, digest: string, now: number): boolean {
  return db
    .transaction(() => {
      const row = db
        .query<{ id: number; repository: number }, [string, string]>(
          "SELECT id, repository FROM manifest WHERE digest = ? AND repository = (SELECT id FROM repository " +
            "WHERE name = ?)",
        )
        .get(digest, repository);
      if (!row) return false;
      const parent = db
        .query<{ digest: string }, [string, number]>(
          "SELECT manifest.digest FROM reference JOIN manifest ON manifest.id = reference.manifest WHERE " +
            "reference.digest = ? AND kind = 1 AND repository = ? LIMIT 1",
        )
        .get(digest, row.repository);
      if (parent)
        throw new RegistryError(
          "UNSUPPORTED",
          `manifest ${digest} is part of the index ${parent.digest}: delete that first`,
          { detail: { digest, index: parent.digest } },
        );
      removeManifest(db, row, digest, now);
      return true;
    })
    .immediate();
}

/**
 * The removal itself, without questions; inside a transaction. `since`: when what it names began to be kept for
 * nothing, from which the time of grace counts.
 */
export function removeManifest(
  db: Database,
  row: { id: number; repository: number },
  digest: string,
  since: number,
): void {
  const named = db
    .query<{ digest: string; kind: number }, [number]>("SELECT digest, kind FROM reference WHERE manifest = ?")
    .all(row.id);
  db.query("DELETE FROM manifest WHERE id = ?").run(row.id);
  const orphan = db.query(
    `UPDATE manifest SET orphaned = ?1 WHERE repository = ?2 AND digest = ?3 AND orphaned IS NULL
       AND NOT EXISTS (SELECT 1 FROM tag WHERE tag.manifest = manifest.id)
       AND NOT EXISTS (SELECT 1 FROM reference JOIN manifest AS parent ON parent.id = reference.manifest
         WHERE reference.digest = ?3 AND kind = 1 AND parent.repository = ?2)`,
  );
  // Somebody else may have uploaded the blob meanwhile and be about to push a manifest.
  const release = db.query(
    "UPDATE link SET touched = max(touched, ?), state = iif(promises > 0, 1, 2) WHERE repository = ? AND digest = ?",
  );
  for (const { digest: part, kind } of named) {
    if (kind === 1) orphan.run(since, row.repository, part);
    else release.run(since, row.repository, part);
  }
  for (const referrer of db
    .query<{ digest: string }, [number, string]>("SELECT digest FROM manifest WHERE repository = ? AND subject = ?")
    .all(row.repository, digest)) {
    orphan.run(since, row.repository, referrer.digest);
  }
}
