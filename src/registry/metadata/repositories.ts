import type { Database } from "bun:sqlite";

/** A row of the table `repository`. `created`: milliseconds since 1970; `description` null: no image gave one. */
export interface RepositoryRow {
  id: number;
  name: string;
  created: number;
  pulls: number;
  description: string | null;
}

/** The repository of that name, or undefined. One that exists may hold no manifest. */
export function findRepository(db: Database, name: string): RepositoryRow | undefined {
  return db.query<RepositoryRow, [string]>("SELECT * FROM repository WHERE name = ?").get(name) ?? undefined;
}

/** The repository's id; it comes into being with the first thing that is put in it. */
export function ensureRepository(db: Database, name: string, now: number): number {
  const found = db.query<{ id: number }, [string]>("SELECT id FROM repository WHERE name = ?").get(name);
  if (found) return found.id;
  return Number(db.query("INSERT INTO repository(name, created) VALUES (?, ?)").run(name, now).lastInsertRowid);
}

/** Names after `last` in byte order, those that hold at least one manifest. */
export function listRepositoryNames(db: Database, last: string, limit: number): string[] {
  return db
    .query<{ name: string }, [string, number]>(
      "SELECT name FROM repository WHERE name > ? AND EXISTS (SELECT 1 FROM manifest WHERE repository = " +
        "repository.id) ORDER BY name LIMIT ?",
    )
    .all(last, limit)
    .map(({ name }) => name);
}

/** A repository as searches and the web page list it; `pulls` and `tags` are counts. */
export interface RepositorySummary {
  name: string;
  description: string | null;
  pulls: number;
  tags: number;
  /** Of the latest push. */
  updated: number;
}

/** Repositories whose name contains every word of `words`, most pulled first. */
export function searchRepositories(db: Database, words: string[]): RepositorySummary[] {
  const like = words.map(() => "AND (name LIKE ? ESCAPE '\\' OR description LIKE ? ESCAPE '\\')").join(" ");
  const values = words.flatMap((word) => {
    const pattern = `%${word.replace(/[\\%_]/g, "\\$&")}%`;
    return [pattern, pattern];
  });
  return db
    .prepare<RepositorySummary, string[]>(
      `SELECT name, description, pulls,
        (SELECT count(*) FROM tag WHERE repository = repository.id) AS tags,
        (SELECT max(pushed) FROM manifest WHERE repository = repository.id) AS updated
       FROM repository WHERE EXISTS (SELECT 1 FROM manifest WHERE repository = repository.id) ${like}
       ORDER BY pulls DESC, name`,
    )
    .all(...values);
}

/** Bytes that the repository's own blobs and manifests amount to; what it shares with others counts in each. */
export function repositoryUsage(db: Database, repository: number): number {
  const blobs = db
    .query<{ bytes: number | null }, [number]>(
      "SELECT sum(size) AS bytes FROM link JOIN blob USING (digest) WHERE repository = ?",
    )
    .get(repository);
  const manifests = db
    .query<{ bytes: number | null }, [number]>(
      "SELECT sum(length(content)) AS bytes FROM manifest WHERE repository = ?",
    )
    .get(repository);
  return (blobs?.bytes ?? 0) + (manifests?.bytes ?? 0);
}

/** Sets a repository's description. Nothing is written if it is the same already. */
export function describeRepository(db: Database, repository: number, description: string): void {
  db.query("UPDATE repository SET description = ? WHERE id = ? AND description IS NOT ?").run(
    description,
    repository,
    description,
  );
}
