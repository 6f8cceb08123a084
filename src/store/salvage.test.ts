import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyPathOf, StoreCopy } from "./copy.ts";
import { openOrSalvage, type Salvage } from "./salvage.ts";
import { openStore, type Store } from "./store.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "berth-salvage-"));
  path = join(dir, "berth.db");
});
afterEach(() => rmSync(dir, { recursive: true }));

const page = 4096;
const many = 200;
/** A database as an engine has it, of some 50 pages without its reserve. */
function fill(store: Store): void {
  store.transaction(() => {
    for (let at = 0; at < many; at++) {
      const name = `volume-${at}`;
      store.run("INSERT INTO volume VALUES (?, 'local', '2026-01-02T03:04:05Z', 0, ?, 'null', NULL)", [
        name,
        JSON.stringify({ at, words: "some words that fill the page ".repeat(8) }),
      ]);
      store.run("INSERT INTO container VALUES (?, ?, NULL, '2026-01-02T03:04:05Z', '{}', '{}', 0)", [
        `c${at}`,
        `n${at}`,
      ]);
      store.run("INSERT INTO container_volume VALUES (?, ?, '/data')", [`c${at}`, name]);
    }
  })();
}
const countOf = (store: Store, table: string): number =>
  store.query<{ count: number }, []>(`SELECT COUNT(*) AS count FROM ${table}`).get()?.count ?? 0;
const names = (store: Store) =>
  store
    .query<{ name: string }, []>("SELECT name FROM volume ORDER BY rowid")
    .all()
    .map(({ name }) => name);

async function open(
  adopt: (store: Store) => Promise<void> = async () => {},
  inhabited = () => false,
): Promise<{ salvage: Salvage | null; store: Store } & Disposable> {
  const opened = await openOrSalvage(path, { inhabited, adopt });
  return { ...opened, [Symbol.dispose]: () => opened.store.close() };
}

/** Numbers of the pages, from 1, that rows of a table are on. */
const pagesOf = (store: Store, table: string): number[] =>
  store
    .query<{ pageno: number }, [string]>("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path")
    .all(table)
    .map(({ pageno }) => pageno);

function overwrite(from: number, length: number): void {
  const fd = openSync(path, "r+");
  writeSync(fd, Buffer.alloc(length, 0xa5), 0, length, from);
  closeSync(fd);
}

/** What was written last is in the log as well, from which pages would come back. */
function close(store: Store): void {
  store.close();
  rmSync(`${path}-wal`);
}

function make({ copied }: { copied: boolean }): void {
  const store = openStore(path);
  fill(store);
  if (copied) new StoreCopy(store).renew();
  close(store);
}

test("one that is whole is opened, and nothing else happens", async () => {
  make({ copied: false });
  using it = await open();
  expect(it.salvage).toBeNull();
  expect(countOf(it.store, "volume")).toBe(many);
  expect(readdirSync(dir).filter((name) => !name.startsWith("berth.db-"))).toEqual(["berth.db"]);
});

test("a new one is no lost one", async () => {
  using it = await open();
  expect(it.salvage).toBeNull();
});

describe.each([false, true])("with a copy: %p", (copied) => {
  test("whichever page is damaged, the rest is saved, and with the copy all of it", async () => {
    make({ copied });
    const whole = join(dir, "whole");
    copyFileSync(path, whole);
    // Those in use come first, the reserve after them.
    const pages = Math.floor(statSync(whole).size / page) - 1280;
    expect(pages).toBeGreaterThan(30);
    let least = many;
    for (let at = 0; at < pages; at += 3) {
      copyFileSync(whole, path);
      overwrite(at * page, page);
      using it = await open();
      // What is damaged may be the reserve, or a page that nothing uses.
      if (!it.salvage) continue;
      const aside = readFileSync(it.salvage.aside ?? "");
      expect(aside.subarray(at * page, (at + 1) * page).equals(Buffer.alloc(page, 0xa5))).toBe(true);
      const count = countOf(it.store, "volume");
      if (copied) expect(count).toBe(many);
      else if (at > 0) least = Math.min(least, count);
      // What refers to something refers to something that is there.
      expect(it.store.query("PRAGMA foreign_key_check").all()).toEqual([]);
      expect(it.store.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
      it.store.close();
      for (const name of readdirSync(dir)) if (/damaged-|wal$/.test(name)) rmSync(join(dir, name));
    }
    expect(readdirSync(dir).filter((name) => /part|reading/.test(name))).toEqual([]);
    if (!copied) expect(least).toBeLessThan(many);
  }, 120_000);
});

test("what the damaged one tells goes before the copy, and a table that it tells whole needs none", async () => {
  make({ copied: true });
  const store = openStore(path);
  store.run("DELETE FROM container WHERE id = 'c7'");
  store.run("UPDATE volume SET driver = 'later'");
  // Pages are damaged that only volumes are on.
  const damage = pagesOf(store, "volume").slice(4, 6);
  close(store);
  for (const at of damage) overwrite((at - 1) * page, page);
  using it = await open();
  expect(it.salvage?.incomplete).toEqual(["volume"]);
  expect(countOf(it.store, "container")).toBe(many - 1);
  expect(countOf(it.store, "volume")).toBe(many);
  const later = it.store
    .query<{ count: number }, []>("SELECT COUNT(*) AS count FROM volume WHERE driver = 'later'")
    .get();
  expect(later?.count).toBeGreaterThan(many / 2);
  expect(later?.count).toBeLessThan(many);
});

test("a file that is none at all, an empty one and one that is gone: the copy, and what is found", async () => {
  for (const harm of [
    () => writeFileSync(path, "this is no database, and is longer than its head would be ".repeat(200)),
    () => truncateSync(path, 0),
    () => rmSync(path),
  ]) {
    make({ copied: true });
    harm();
    const there = existsSync(path);
    using it = await open(async (adopted) => {
      adopted.run("INSERT INTO volume VALUES ('found', 'local', '', 0, 'null', 'null', NULL)");
    });
    expect(it.salvage?.aside === null).toBe(!there);
    expect(it.salvage?.incomplete).toContain("volume");
    expect(it.salvage?.copied).toBeGreaterThan(0);
    expect(names(it.store)).toEqual([...Array.from({ length: many }, (_, at) => `volume-${at}`), "found"]);
    it.store.close();
    for (const name of readdirSync(dir)) rmSync(join(dir, name));
  }
});

test("without a copy one that is gone is a lost one only where there is something to tell of", async () => {
  using it = await open(undefined, () => true);
  expect(it.salvage).toMatchObject({ reason: "it is gone", aside: null, copied: null });
});

test("a newer version's is neither damaged nor touched", async () => {
  make({ copied: true });
  const store = openStore(path);
  store.run("INSERT INTO migration VALUES ('9999-later', '')");
  store.close();
  const before = readFileSync(path);
  await expect(open()).rejects.toThrow("newer version of Berth (it has the migration 9999-later");
  expect(readFileSync(path)).toEqual(before);
});

test("what cannot be made anew leaves the damaged one as it was", async () => {
  make({ copied: true });
  overwrite(8 * page, page);
  const before = readFileSync(path);
  await expect(
    open(async () => {
      throw new Error("no space left");
    }),
  ).rejects.toThrow("no space left");
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(dir).filter((name) => !name.endsWith("-wal"))).toEqual(["berth.db", "berth.db.copy"]);
});

test("rows that no longer fit their tables or are no JSON are left out", async () => {
  make({ copied: false });
  const store = new Database(path);
  store.run("UPDATE volume SET labels_json = '{broken' WHERE name = 'volume-3'");
  store.close();
  overwrite(8 * page, page);
  using it = await open();
  expect(names(it.store)).not.toContain("volume-3");
});

test("the copy is renewed where something has changed, and only then", () => {
  const store = openStore(path);
  const copy = new StoreCopy(store);
  copy.renew();
  const inode = () => statSync(copyPathOf(path)).ino;
  const first = inode();
  copy.renew();
  expect(inode()).toBe(first);
  fill(store);
  copy.renew();
  expect(inode()).not.toBe(first);
  store.close();
  const copied = new Database(copyPathOf(path));
  expect(copied.query<{ count: number }, []>("SELECT COUNT(*) AS count FROM volume").get()?.count).toBe(many);
  copied.close();
});
