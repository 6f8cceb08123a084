import { constants, type Database } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { internal } from "../lib/errors.ts";

/**
 * Free pages that the database keeps in its file, 4 KiB each: what the engine needs to remove things, and to note how
 * containers ended, while the disk is full. The write-ahead log has had to hold them once, and keeps its size too.
 */
const reservePages = 1280;

/** Free space, as a multiple of what the reserve takes, below which nothing is set aside any more. */
const margin = 2;

/**
 * To be called before something new is noted: what adds to the database must leave the reserve to what takes away.
 * Throws `internal`, with the kernel's words, where the reserve is used up and the disk has no room for another.
 */
export function requireRoom(store: Database): void {
  if (store.filename === ":memory:" || freePages(store) >= reservePages / 2) return;
  if (!makeRoom(store)) throw internal("write the engine's database: no space left on device");
}

/** Fills the reserve up; false where the disk has no room for it. Not within a transaction. */
export function makeRoom(store: Database): boolean {
  const missing = reservePages - freePages(store);
  if (store.filename === ":memory:" || missing <= 0) return true;
  if (store.inTransaction) return false;
  const pageSize = numberOf(store, "page_size");
  const { bavail, bsize } = statfsSync(dirname(store.filename));
  if (bavail * bsize < margin * missing * pageSize) return false;
  try {
    store.run("PRAGMA wal_checkpoint");
    // The file grows before its pages are used: a log that the file has no room for could never be emptied.
    const size = new BigInt64Array([BigInt((numberOf(store, "page_count") + missing + 1) * pageSize)]);
    if (store.fileControl(constants.SQLITE_FCNTL_SIZE_HINT, size) !== 0) return false;
    store.run("CREATE TABLE IF NOT EXISTS reserve (space BLOB)");
    store.run("INSERT INTO reserve VALUES (zeroblob(?))", [missing * pageSize]);
    store.run("PRAGMA wal_checkpoint");
    store.run("DROP TABLE reserve");
    return true;
  } catch {
    return false;
  }
}

/** Settings that {@link makeRoom} stands on: the file grows as it is told to, and the log outlives the process. */
export function allowRoom(store: Database): void {
  store.fileControl(constants.SQLITE_FCNTL_CHUNK_SIZE, numberOf(store, "page_size"));
  store.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
}

function freePages(store: Database): number {
  return numberOf(store, "freelist_count");
}

function numberOf(store: Database, pragma: "freelist_count" | "page_count" | "page_size"): number {
  return store.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0;
}
