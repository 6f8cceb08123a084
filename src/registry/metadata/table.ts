import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Times are milliseconds since the epoch; sizes are bytes. Append only: each entry runs once, in order. */
const migrations = [
  `
  CREATE TABLE repository(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    pulls INTEGER NOT NULL DEFAULT 0,
    description TEXT);
  -- Content that is in storage.
  CREATE TABLE blob(
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    stored INTEGER NOT NULL) WITHOUT ROWID;
  -- Content that a repository may serve. state: 0 a manifest names it; 1 uploaded or asked for, and waiting for its
  -- manifest; 2 a manifest that named it went. What is not 0 is looked at by collection. promises: uploads and mounts
  -- whose manifests have not come yet.
  CREATE TABLE link(
    repository INTEGER NOT NULL REFERENCES repository ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES blob,
    touched INTEGER NOT NULL,
    state INTEGER NOT NULL,
    promises INTEGER NOT NULL,
    PRIMARY KEY(repository, digest)) WITHOUT ROWID;
  CREATE INDEX link_digest ON link(digest);
  CREATE INDEX link_loose ON link(state, touched) WHERE state > 0;
  -- Content that lost a link, and perhaps its last one.
  CREATE TABLE unlinked(digest TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TRIGGER link_gone AFTER DELETE ON link BEGIN
    INSERT INTO unlinked(digest) VALUES (old.digest) ON CONFLICT DO NOTHING;
  END;
  -- untagged: since when it has had no tag; orphaned: when the image that it was a part of went; cached: it came
  -- from upstream.
  CREATE TABLE manifest(
    id INTEGER PRIMARY KEY,
    repository INTEGER NOT NULL REFERENCES repository ON DELETE CASCADE,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content BLOB NOT NULL,
    artifact_type TEXT,
    -- Of an image, from its configuration: os/architecture[/variant]; empty: it has none; null: not looked at yet.
    platform TEXT,
    subject TEXT,
    pushed INTEGER NOT NULL,
    pushed_by TEXT,
    pulled INTEGER,
    untagged INTEGER,
    orphaned INTEGER,
    cached INTEGER NOT NULL DEFAULT 0,
    UNIQUE(repository, digest));
  CREATE INDEX manifest_subject ON manifest(repository, subject) WHERE subject IS NOT NULL;
  CREATE INDEX manifest_orphaned ON manifest(orphaned) WHERE orphaned IS NOT NULL;
  -- What a manifest names: blobs (kind 0) and, for an index, manifests (kind 1).
  CREATE TABLE reference(
    manifest INTEGER NOT NULL REFERENCES manifest ON DELETE CASCADE,
    digest TEXT NOT NULL,
    kind INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY(manifest, digest, kind)) WITHOUT ROWID;
  CREATE INDEX reference_digest ON reference(digest);
  -- checked: when upstream last confirmed it; null for what was pushed here.
  CREATE TABLE tag(
    repository INTEGER NOT NULL REFERENCES repository ON DELETE CASCADE,
    name TEXT NOT NULL,
    manifest INTEGER NOT NULL REFERENCES manifest ON DELETE CASCADE,
    updated INTEGER NOT NULL,
    checked INTEGER,
    PRIMARY KEY(repository, name)) WITHOUT ROWID;
  CREATE INDEX tag_manifest ON tag(manifest);
  CREATE TABLE upload(
    id TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    started INTEGER NOT NULL,
    touched INTEGER NOT NULL) WITHOUT ROWID;
  `,
];

/** Throws where another process has the database. */
export function openMetadata(path: string): Database {
  mkdirSync(dirname(path), { recursive: true });
  const db = new Database(path, { create: true, strict: true });
  try {
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run("PRAGMA foreign_keys = ON");
    db.transaction(() => migrate(db)).immediate();
  } catch (cause) {
    db.close();
    if (cause instanceof Error && /locked|busy/i.test(cause.message)) {
      throw new Error(`${dirname(path)} is in use by another registry`, { cause });
    }
    throw cause;
  }
  return db;
}

function migrate(db: Database): void {
  const done = db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (done > migrations.length)
    throw new Error(`the data was written by a newer version (schema ${done}, this one knows ${migrations.length})`);
  for (const sql of migrations.slice(done)) db.run(sql);
  db.run(`PRAGMA user_version = ${migrations.length}`);
}
