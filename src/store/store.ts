import { Database } from "bun:sqlite";
import { migrations } from "./migrations/index.ts";
import { allowRoom, makeRoom } from "./room.ts";

/**
 * The engine's database: one SQLite file in WAL mode, synchronous and single-writer.
 * Tables keep columns for identity and relations and JSON for the rest; foreign keys answer "is it in use?".
 */
export type Store = Database;

/** The database's file does not hold together. Its message says where. */
export class DamagedDatabase extends Error {}

/**
 * Opens (and migrates) the database at `path`; `:memory:` for tests. Throws where a newer Berth wrote it, and
 * DamagedDatabase or SQLite's error where it is damaged. Nobody else can open it meanwhile: so no index of the log has
 * to be shared, which would be one more file that a full disk refuses. `only`: names of migrations, and no others are
 * done.
 */
export function openStore(path: string, { only }: { only?: readonly string[] } = {}): Store {
  const store = new Database(path, { create: true, strict: true });
  try {
    store.run("PRAGMA locking_mode = EXCLUSIVE");
    store.run("PRAGMA journal_mode = WAL");
    store.run("PRAGMA synchronous = NORMAL");
    store.run("PRAGMA foreign_keys = ON");
    store.run("PRAGMA busy_timeout = 5000");
    store.run("PRAGMA temp_store = MEMORY");
    refuseNewer(path, only ?? appliedTo(store));
    allowRoom(store);
    check(store);
    migrate(store, only);
    makeRoom(store);
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Throws where there is a migration among the names that only a later version knows. */
function refuseNewer(path: string, names: Iterable<string>): void {
  for (const name of names) {
    if (!migrations.some((migration) => migration.name === name)) {
      throw new Error(
        `${path} was written by a newer version of Berth (it has the migration ${name}, which this one does not know` +
          "): install that version again, or a later one",
      );
    }
  }
}

/** Names of the migrations that a database has been through. */
function appliedTo(store: Store): Set<string> {
  const isNew = store.query("SELECT 1 FROM sqlite_master WHERE name = 'migration'").get() === null;
  if (isNew) return new Set();
  return new Set(
    store
      .query<{ name: string }, []>("SELECT name FROM migration")
      .all()
      .map((row) => row.name),
  );
}

function check(store: Store): void {
  const found = store.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check;
  if (found !== "ok") throw new DamagedDatabase(`the database is damaged: ${found}`);
}

function migrate(store: Store, only: readonly string[] | undefined): void {
  store.run("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)");
  const applied = appliedTo(store);
  for (const { name, sql } of migrations) {
    if (applied.has(name) || (only && !only.includes(name))) continue;
    store.transaction(() => {
      store.run(sql);
      store.run("INSERT INTO migration VALUES (?, ?)", [name, new Date().toISOString()]);
    })();
  }
}
