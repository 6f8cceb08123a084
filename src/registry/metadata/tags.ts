import type { Database } from "bun:sqlite";

/** Tags after `last`, in the specification's order: alphanumeric without regard to case. */
export function listTags(db: Database, repository: number, last: string, limit: number): string[] {
  return db
    .query<{ name: string }, [number, string, number]>(
      `SELECT name FROM tag WHERE repository = ?1 AND (name COLLATE NOCASE > ?2 OR (name = ?2 COLLATE NOCASE AND name > ?2))
       ORDER BY name COLLATE NOCASE, name LIMIT ?3`,
    )
    .all(repository, last, limit)
    .map(({ name }) => name);
}

export interface TagRow {
  name: string;
  updated: number;
  checked: number | null;
  digest: string;
}

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

/** False where there is no such tag. The manifest stays. */
export function deleteTag(db: Database, repository: string, tag: string): boolean {
  return db.query("DELETE FROM tag WHERE name = ? AND repository = (SELECT id FROM repository WHERE name = ?)").run(tag, repository).changes > 0;
}
