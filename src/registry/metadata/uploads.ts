import type { Database } from "bun:sqlite";

/** An upload that is not finished. `started` and `touched` (last heard of): milliseconds since 1970. */
export interface UploadRow {
  id: string;
  repository: string;
  started: number;
  touched: number;
}

/** Notes an upload that begins. `id` must be new. */
export function insertUpload(db: Database, row: UploadRow): void {
  db.query("INSERT INTO upload(id, repository, started, touched) VALUES (?, ?, ?, ?)").run(
    row.id,
    row.repository,
    row.started,
    row.touched,
  );
}

/** An unfinished upload of this very repository, or undefined. */
export function findUpload(db: Database, repository: string, id: string): UploadRow | undefined {
  return (
    db.query<UploadRow, [string, string]>("SELECT * FROM upload WHERE id = ? AND repository = ?").get(id, repository) ??
    undefined
  );
}

/** Forgets an upload; no error if there is none. The file of its bytes stays. */
export function deleteUpload(db: Database, id: string): void {
  db.query("DELETE FROM upload WHERE id = ?").run(id);
}

/** All unfinished uploads, of all repositories. */
export function listUploads(db: Database): UploadRow[] {
  return db.query<UploadRow, []>("SELECT * FROM upload").all();
}

/** How many uploads are unfinished, of all repositories. */
export function countUploads(db: Database): number {
  return db.query<{ n: number }, []>("SELECT count(*) AS n FROM upload").get()?.n ?? 0;
}
