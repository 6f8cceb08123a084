import { SQLiteError } from "bun:sqlite";
import { copyFileSync, existsSync, linkSync, renameSync, rmSync, statSync } from "node:fs";
import { errorMessage } from "../lib/errors.ts";
import { compactTime } from "../lib/rfc3339.ts";
import { copyPathOf } from "./copy.ts";
import { copyRows, dropDangling, migrationsOf, tablesOf } from "./rows.ts";
import { DamagedDatabase, openStore, type Store } from "./store.ts";

/** What became of a database that could not be used. */
export interface Salvage {
  /** Why it could not. */
  reason: string;
  /** Where it is kept as it was; null: there was none. */
  aside: string | null;
  /** Tables of which not all could be read. */
  incomplete: string[];
  /** When the copy was made that filled these (Unix milliseconds); null: none was needed, or there was none. */
  copied: number | null;
}

/** What the database's file cannot tell. */
export interface SalvageOptions {
  /** Whether there is anything that a database should tell of: one that is missing or empty is then a lost one. */
  inhabited: () => boolean;
  /**
   * Adds to the new database what can be told without the old one. It may hold rows that refer to others which are
   * missing; those that still do after it go.
   */
  adopt: (store: Store) => Promise<void>;
}

/**
 * Opens the database. One that is damaged or gone is made anew, of all rows that can be read from it, those of the last
 * copy where it has gaps, and what `adopt` finds; the damaged one is kept beside it. Other failures (a newer version's
 * database, a full disk) are thrown, and nothing has changed then.
 */
export async function openOrSalvage(
  path: string,
  { inhabited, adopt }: SalvageOptions,
): Promise<{ store: Store; salvage: Salvage | null }> {
  const usable = openUnlessLost(path, inhabited);
  if (typeof usable !== "string") return { store: usable, salvage: null };

  const copy = copyPathOf(path);
  const [part, reading] = [`${path}.part`, `${path}.reading`];
  using scratch = new DisposableStack();
  for (const name of [part, reading]) {
    removeDatabase(name);
    scratch.defer(() => removeDatabase(name));
  }
  const there = existsSync(path);
  // To read a database is to play its log into it: not into the one that is to stay as it was.
  if (there) copyDatabase(path, reading);
  const incomplete = fill(part, there ? reading : null, copy);
  await complete(part, adopt);

  const aside = there ? `${path}.damaged-${compactTime()}` : null;
  if (aside) linkSync(path, aside);
  // Before the new file has its name, for it would be taken for that one's log.
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside ?? copy}-wal`);
  renameSync(part, path);
  const copied = incomplete.length > 0 ? (statSync(copy, { throwIfNoEntry: false })?.mtimeMs ?? null) : null;
  return { store: openStore(path), salvage: { reason: usable, aside, incomplete, copied } };
}

/** The database where it can be used, else why not. */
function openUnlessLost(path: string, inhabited: () => boolean): Store | string {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (!size && (existsSync(copyPathOf(path)) || inhabited())) return size === 0 ? "the file is empty" : "it is gone";
  try {
    return openStore(path);
  } catch (error) {
    const damaged =
      error instanceof DamagedDatabase ||
      (error instanceof SQLiteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code ?? ""));
    if (!damaged) throw error;
    return errorMessage(error);
  }
}

/**
 * Makes a database of the rows that others have: all that `damaged` (null: there is none) still tells, and where that
 * is not all, what the copy has. Returns the tables that `damaged` does not tell whole.
 */
function fill(path: string, damaged: string | null, copy: string): string[] {
  const sources = [...(damaged === null ? [] : [damaged]), ...(existsSync(copy) ? [copy] : [])];
  const migrated = sources.map(migrationsOf).find((names) => names.length > 0);
  // Rows go into tables as they were made; these become today's when all rows are there.
  const store = openStore(path, migrated && { only: migrated });
  try {
    store.run("PRAGMA foreign_keys = OFF");
    const tables = tablesOf(store);
    const incomplete = damaged === null ? tables : copyRows(store, damaged, tables);
    if (existsSync(copy)) copyRows(store, copy, incomplete);
    return incomplete;
  } finally {
    store.close();
  }
}

async function complete(path: string, adopt: (store: Store) => Promise<void>): Promise<void> {
  const store = openStore(path);
  try {
    store.run("PRAGMA foreign_keys = OFF");
    await adopt(store);
    dropDangling(store);
  } finally {
    store.close();
  }
}

const logs = ["", "-wal", "-shm"];

function removeDatabase(path: string): void {
  for (const suffix of logs) rmSync(`${path}${suffix}`, { force: true });
}

function copyDatabase(from: string, to: string): void {
  for (const suffix of ["", "-wal"])
    if (existsSync(`${from}${suffix}`)) copyFileSync(`${from}${suffix}`, `${to}${suffix}`);
}
