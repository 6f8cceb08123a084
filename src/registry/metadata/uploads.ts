import type { Database } from "bun:sqlite";

export interface UploadRow {
  id: string;
  repository: string;
  started: number;
  touched: number;
}

export function insertUpload(db: Database, row: UploadRow): void {
  db.query("INSERT INTO upload(id, repository, started, touched) VALUES (?, ?, ?, ?)").run(row.id, row.repository, row.started, row.touched);
}

export function findUpload(db: Database, repository: string, id: string): UploadRow | undefined {
  return db.query<UploadRow, [string, string]>("SELECT * FROM upload WHERE id = ? AND repository = ?").get(id, repository) ?? undefined;
}

export function deleteUpload(db: Database, id: string): void {
  db.query("DELETE FROM upload WHERE id = ?").run(id);
}

export function listUploads(db: Database): UploadRow[] {
  return db.query<UploadRow, []>("SELECT * FROM upload").all();
}

export function countUploads(db: Database): number {
  return db.query<{ n: number }, []>("SELECT count(*) AS n FROM upload").get()?.n ?? 0;
}
