/** Copying rows out of databases that may be damaged. */
import { Database } from "bun:sqlite";
import type { Store } from "./store.ts";

/** Names of the tables that hold what the engine knows. */
export function tablesOf(store: Store): string[] {
  return store
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migration'")
    .all()
    .map((row) => row.name)
    .filter((name) => !name.startsWith("sqlite_"));
}

/** Names of the migrations that a database has had; none where that cannot be read. */
export function migrationsOf(path: string): string[] {
  return reading(path, [], (source) =>
    source
      .query<{ name: string }, []>("SELECT name FROM migration")
      .all()
      .map((row) => row.name),
  );
}

/**
 * Adds to `tables` the rows that a database has and that can be read; a row that is there already stays. Returns the
 * tables that have, or may have, rows which could not be read.
 */
export function copyRows(store: Store, path: string, tables: readonly string[]): string[] {
  return reading(path, [...tables], (source) => tables.filter((table) => !copyTable(store, source, table)));
}

/** Rows that refer to others which are not there, and those that refer to these. */
export function dropDangling(store: Store): void {
  for (;;) {
    const found = store
      .query<{ table: string; rowid: number | null }, []>('SELECT "table", rowid FROM pragma_foreign_key_check')
      .all();
    if (found.length === 0) return;
    for (const { table, rowid } of found) store.run(`DELETE FROM ${quoted(table)} WHERE rowid = ?`, [rowid]);
  }
}

/** What `read` makes of a database that is there to be read only; `otherwise` where it cannot even be opened. */
function reading<T>(path: string, otherwise: T, read: (source: Database) => T): T {
  let source: Database | undefined;
  try {
    source = new Database(path, { readwrite: true, create: false });
    source.run("PRAGMA locking_mode = EXCLUSIVE");
    return read(source);
  } catch {
    return otherwise;
  } finally {
    source?.close();
  }
}

/** Reads that may fail before a table is given up: where its first page cannot be read, every read fails. */
const patience = 20_000;

/** False where not all of the table could be read and taken over. */
function copyTable(store: Store, source: Database, table: string): boolean {
  const columns = columnsOf(store, table).filter((name) => columnsOf(source, table).includes(name));
  if (columns.length === 0) return false;
  const names = columns.map(quoted).join(", ");
  const insert = store.query<unknown, Value[]>(
    `INSERT OR IGNORE INTO ${quoted(table)} (${names}) VALUES (${columns.map(() => "?").join(", ")})`,
  );
  let whole = true;
  let failures = 0;
  const take = (row: Record<string, Value>) => {
    const values = columns.map((name) => row[name] ?? null);
    if (columns.every((name, at) => !name.endsWith("_json") || isJson(values[at]))) insert.run(...values);
    else whole = false;
  };
  const select = source.query<Record<string, Value>, [number, number]>(
    `SELECT ${names} FROM ${quoted(table)} WHERE rowid BETWEEN ? AND ?`,
  );
  /** Rows between two numbers, both included; where a page in between cannot be read, those of either half. */
  const copy = (from: number, to: number): void => {
    let rows: Record<string, Value>[];
    try {
      rows = select.all(from, to);
    } catch {
      whole = false;
      if (from === to || ++failures > patience) return;
      const middle = from + Math.floor((to - from) / 2);
      copy(from, middle);
      return copy(middle + 1, to);
    }
    for (const row of rows) take(row);
  };
  store.transaction(() => copy(1, lastRow(source, table)))();
  return whole;
}

type Value = string | number | bigint | Uint8Array | null;

function columnsOf(database: Database, table: string): string[] {
  return database
    .query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)")
    .all(table)
    .map((row) => row.name);
}

/** The highest number of a row, or one above it where that page cannot be read. */
function lastRow(source: Database, table: string): number {
  try {
    return source.query<{ last: number }, []>(`SELECT MAX(rowid) AS last FROM ${quoted(table)}`).get()?.last ?? 0;
  } catch {
    // Rows are numbered one by one from the last that there is: no table of an engine comes to this.
    return 2 ** 20;
  }
}

function isJson(value: Value | undefined): boolean {
  if (typeof value !== "string") return value === null;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
