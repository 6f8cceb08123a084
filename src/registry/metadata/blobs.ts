import type { Database } from "bun:sqlite";
import { ensureRepository } from "./repositories.ts";

/** Size of a blob that the repository links, or undefined. */
export function linkedBlobSize(db: Database, repository: string, digest: string): number | undefined {
  return db
    .query<{ size: number }, [string, string]>(
      "SELECT size FROM link JOIN blob USING (digest) JOIN repository ON repository.id = link.repository WHERE " +
        "name = ? AND digest = ?",
    )
    .get(repository, digest)?.size;
}

/** Size of content that is in storage, whoever links it. */
export function storedBlobSize(db: Database, digest: string): number | undefined {
  return db.query<{ size: number }, [string]>("SELECT size FROM blob WHERE digest = ?").get(digest)?.size;
}

/** Names of the repositories that link a blob. */
export function repositoriesWithBlob(db: Database, digest: string): string[] {
  return db
    .query<{ name: string }, [string]>(
      "SELECT name FROM link JOIN repository ON repository.id = link.repository WHERE digest = ? ORDER BY name",
    )
    .all(digest)
    .map(({ name }) => name);
}

/** Records content that is in storage and links it into the repository. */
export function recordBlob(db: Database, repository: string, digest: string, size: number, now: number): void {
  db.transaction(() => {
    db.query("INSERT INTO blob(digest, size, stored) VALUES (?, ?, ?) ON CONFLICT DO NOTHING").run(digest, size, now);
    linkBlob(db, ensureRepository(db, repository, now), digest, now);
  }).immediate();
}

/** Links a stored blob; false where storage has none. A link that is there is good for longer. */
export function linkStoredBlob(db: Database, repository: string, digest: string, now: number): boolean {
  return db
    .transaction(() => {
      if (storedBlobSize(db, digest) === undefined) return false;
      linkBlob(db, ensureRepository(db, repository, now), digest, now);
      return true;
    })
    .immediate();
}

function linkBlob(db: Database, repository: number, digest: string, now: number): void {
  db.query(
    `INSERT INTO link(repository, digest, touched, state, promises) VALUES (?1, ?2, ?3, 1, 1)
     ON CONFLICT DO UPDATE SET touched = ?3, state = min(state, 1), promises = promises + 1`,
  ).run(repository, digest, now);
}

/**
 * Somebody was told that the blob is there and may build on that: a blob which no manifest names
 * gets the time of a new upload. Without a write in the usual case.
 */
export function keepBlob(db: Database, repository: string, digest: string, now: number): void {
  const loose = db
    .query<{ repository: number }, [string, string, number]>(
      `SELECT link.repository FROM link JOIN repository ON repository.id = link.repository
       WHERE name = ? AND digest = ? AND (state = 2 OR (state = 1 AND touched < ?))`,
    )
    .get(repository, digest, now - 60_000);
  if (loose)
    db.query("UPDATE link SET touched = ?, state = 1 WHERE repository = ? AND digest = ?").run(
      now,
      loose.repository,
      digest,
    );
}

/** Digest of a manifest in the repository that names the blob, or undefined. */
export function manifestNamingBlob(db: Database, repository: string, digest: string): string | undefined {
  return db
    .query<{ digest: string }, [string, string]>(
      `SELECT manifest.digest FROM reference JOIN manifest ON manifest.id = reference.manifest
       JOIN repository ON repository.id = manifest.repository
       WHERE reference.digest = ? AND kind = 0 AND name = ? LIMIT 1`,
    )
    .get(digest, repository)?.digest;
}

/** The size that a manifest in the repository gives for the blob it names; undefined where none names it. */
export function namedBlobSize(db: Database, repository: string, digest: string): number | undefined {
  return db
    .query<{ size: number }, [string, string]>(
      `SELECT reference.size FROM reference JOIN manifest ON manifest.id = reference.manifest
       JOIN repository ON repository.id = manifest.repository
       WHERE reference.digest = ? AND kind = 0 AND name = ? LIMIT 1`,
    )
    .get(digest, repository)?.size;
}

/** Takes the blob out of the repository; false where it was not in it. Its bytes go with the next collection. */
export function unlinkBlob(db: Database, repository: string, digest: string): boolean {
  return (
    db
      .query("DELETE FROM link WHERE digest = ? AND repository = (SELECT id FROM repository WHERE name = ?)")
      .run(digest, repository).changes > 0
  );
}
