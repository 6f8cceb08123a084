import type { Database } from "bun:sqlite";

/** Tags after `last`, in the specification's order: alphanumeric without regard to case. */
export function listTags(db: Database, repository: number, last: string, limit: number): string[] {
  return db
    .query<{ name: string }, [number, string, number]>(
      `SELECT name FROM tag WHERE repository = ?1
       AND (name COLLATE NOCASE > ?2 OR (name = ?2 COLLATE NOCASE AND name > ?2))
       ORDER BY name COLLATE NOCASE, name LIMIT ?3`,
    )
    .all(repository, last, limit)
    .map(({ name }) => name);
}

/**
 * A tag and the digest it points to. Times are milliseconds since 1970; `checked`: when upstream last confirmed it,
 * null for what was pushed here.
 */
export interface TagRow {
  name: string;
  updated: number;
  checked: number | null;
  digest: string;
}

/** The tag of a repository (by its name), or undefined. */
export function findTag(db: Database, repository: string, tag: string): TagRow | undefined {
  return (
    db
      .query<TagRow, [string, string]>(
        `SELECT tag.name, updated, checked, digest FROM tag JOIN manifest ON manifest.id = tag.manifest
         WHERE tag.repository = (SELECT id FROM repository WHERE name = ?) AND tag.name = ?`,
      )
      .get(repository, tag) ?? undefined
  );
}

/** Points a tag at a manifest; `checked` as in the table. Inside a transaction. */
export function setTag(
  db: Database,
  repository: number,
  name: string,
  manifest: number,
  now: number,
  checked: number | null,
): void {
  const before = db
    .query<{ manifest: number }, [number, string]>("SELECT manifest FROM tag WHERE repository = ? AND name = ?")
    .get(repository, name);
  db.query(
    `INSERT INTO tag(repository, name, manifest, updated, checked) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT DO UPDATE SET manifest = ?3, updated = ?4, checked = ?5`,
  ).run(repository, name, manifest, now, checked);
  db.query("UPDATE manifest SET untagged = NULL, orphaned = NULL WHERE id = ?").run(manifest);
  if (before && before.manifest !== manifest) markUntagged(db, before.manifest, now);
}

/** Notes the time where the manifest has no tag (any more). */
export function markUntagged(db: Database, manifest: number, now: number): void {
  db.query(
    "UPDATE manifest SET untagged = ?1 WHERE id = ?2 AND untagged IS NULL AND NOT EXISTS (SELECT 1 FROM tag " +
      "WHERE tag.manifest = ?2)",
  ).run(now, manifest);
}

/** Upstream says that the tag still points there. */
export function confirmTag(db: Database, repository: string, tag: string, now: number): void {
  db.query("UPDATE tag SET checked = ? WHERE name = ? AND repository = (SELECT id FROM repository WHERE name = ?)").run(
    now,
    tag,
    repository,
  );
}

/** False where there is no such tag. The manifest stays. */
export function deleteTag(db: Database, repository: string, tag: string, now: number): boolean {
  return db
    .transaction(() => {
      const row = db
        .query<{ repository: number; manifest: number }, [string, string]>(
          "SELECT repository, manifest FROM tag WHERE name = ? AND repository = (SELECT id FROM repository " +
            "WHERE name = ?)",
        )
        .get(tag, repository);
      if (!row) return false;
      db.query("DELETE FROM tag WHERE repository = ? AND name = ?").run(row.repository, tag);
      markUntagged(db, row.manifest, now);
      return true;
    })
    .immediate();
}
