import { readdir, rm, stat } from "node:fs/promises";
import { hasCode } from "../../lib/errors.ts";
import type { RegistryDeps } from "../deps.ts";
import { removeManifest } from "../metadata/delete-manifest.ts";
import { listUploads } from "../metadata/uploads.ts";
import { discard } from "../uploads/upload.ts";
import { applyRetention } from "./retention.ts";

/**
 * What one collection removed: numbers of things, and the bytes of the blobs. `links`: a repository's hold on a blob.
 */
export interface CollectResult {
  tags: number;
  manifests: number;
  links: number;
  blobs: number;
  bytes: number;
  uploads: number;
}

/** Rows in one transaction: requests get their turn in between. */
const batch = 200;

/**
 * Removes what nothing names any more, while pushes and pulls go on. Every decision is taken again inside the
 * transaction that acts on it; a blob's row and bytes go together under the lock that storing takes; a crash at any
 * point leaves at most bytes without a row, which sweep.ts finds.
 */
export async function collect(deps: RegistryDeps): Promise<CollectResult> {
  const result: CollectResult = { tags: 0, manifests: 0, links: 0, blobs: 0, bytes: 0, uploads: 0 };
  const retained = applyRetention(deps);
  result.tags = retained.tags;
  result.manifests = retained.manifests + (await collectManifests(deps));
  result.links = await collectLinks(deps);
  Object.assign(result, await collectBlobs(deps));
  result.uploads = await collectUploads(deps);
  for (const kind of ["tags", "manifests", "blobs", "uploads"] as const)
    deps.metrics.collected.add(result[kind], { kind });
  deps.metrics.collectedBytes.add(result.bytes);
  return result;
}

/** Manifests whose image went, and which no tag and no index holds; in turn, what those held. */
async function collectManifests(deps: RegistryDeps): Promise<number> {
  const { db } = deps;
  let count = 0;
  while (true) {
    const removed = db
      .transaction(() => {
        const rows = db
          .query<{ id: number; repository: number; digest: string; orphaned: number }, [number, number]>(
            `SELECT id, repository, digest, orphaned FROM manifest WHERE orphaned < ?
             AND NOT EXISTS (SELECT 1 FROM tag WHERE tag.manifest = manifest.id)
             AND NOT EXISTS (SELECT 1 FROM reference JOIN manifest AS parent ON parent.id = reference.manifest
               WHERE reference.digest = manifest.digest AND kind = 1 AND parent.repository = manifest.repository)
             LIMIT ?`,
          )
          .all(deps.now() - deps.options.gcGrace, batch);
        for (const row of rows) removeManifest(db, row, row.digest, row.orphaned);
        return rows.length;
      })
      .immediate();
    count += removed;
    if (removed < batch) return count;
    await breathe();
  }
}

/**
 * Links that no manifest of their repository needs: at once after the grace for what images left behind; after
 * `uploadExpiry` for what was uploaded and still waits for its manifest. An upload that was under way when the image
 * went may belong to a push that was told of the blob: it holds the link.
 */
async function collectLinks(deps: RegistryDeps): Promise<number> {
  const { db, options } = deps;
  const now = deps.now();
  const active = new Map<string, number>();
  for (const { id, repository, started } of listUploads(db)) {
    if ((deps.uploads.lastTouched(id) ?? 0) > now - 60_000)
      active.set(repository, Math.min(started, active.get(repository) ?? started));
  }
  const rows = db
    .query<{ repository: number; name: string; digest: string; touched: number }, [number, number]>(
      `SELECT repository, name, digest, touched FROM link JOIN repository ON repository.id = link.repository
       WHERE state > 0 AND touched < CASE state WHEN 2 THEN ? ELSE ? END`,
    )
    .all(now - options.gcGrace, now - options.uploadExpiry)
    .filter(({ name, touched }) => (active.get(name) ?? Number.POSITIVE_INFINITY) > touched);
  let count = 0;
  for (let at = 0; at < rows.length; at += batch) {
    db.transaction(() => {
      for (const { repository, digest, touched } of rows.slice(at, at + batch)) {
        const named = db
          .query<{ manifest: number }, [string, number]>(
            "SELECT manifest FROM reference JOIN manifest ON manifest.id = reference.manifest WHERE " +
              "reference.digest = ? AND kind = 0 AND repository = ? LIMIT 1",
          )
          .get(digest, repository);
        const sql = named ? "UPDATE link SET state = 0" : "DELETE FROM link";
        const { changes } = db
          .query(`${sql} WHERE repository = ? AND digest = ? AND touched = ? AND state > 0`)
          .run(repository, digest, touched);
        if (!named) count += changes;
      }
    }).immediate();
    await breathe();
  }
  return count;
}

async function collectBlobs(deps: RegistryDeps): Promise<{ blobs: number; bytes: number }> {
  const { db } = deps;
  const candidates = db.query<{ digest: string }, []>("SELECT digest FROM unlinked").all();
  let blobs = 0;
  let bytes = 0;
  for (const { digest } of candidates) {
    using _ = await deps.locks.acquire(digest);
    const gone = db
      .transaction(() => {
        db.query("DELETE FROM unlinked WHERE digest = ?").run(digest);
        return db
          .query<{ size: number }, [string]>(
            "DELETE FROM blob WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM link WHERE link.digest = ?1) " +
              "RETURNING size",
          )
          .get(digest);
      })
      .immediate();
    if (!gone) continue;
    await deps.storage.remove(digest);
    blobs++;
    bytes += gone.size;
  }
  return { blobs, bytes };
}

/** Uploads that rest, and files of uploads that nothing knows. */
async function collectUploads(deps: RegistryDeps): Promise<number> {
  const { db, paths, options } = deps;
  const oldest = deps.now() - options.uploadExpiry;
  const known = new Map(listUploads(db).map((row) => [row.id, row]));
  const modified = async (id: string) => {
    try {
      return (await stat(paths.upload(id))).mtimeMs;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return 0;
      throw error;
    }
  };
  let count = 0;
  for (const { id, started } of known.values()) {
    if (
      Math.max(started, deps.uploads.lastTouched(id) ?? 0, await modified(id)) >= oldest ||
      deps.uploads.locks.isHeld(id)
    )
      continue;
    using _ = await deps.uploads.locks.acquire(id);
    await discard(deps, id);
    count++;
  }
  for (const id of await readdir(paths.uploads)) {
    if (known.has(id) || (await modified(id)) >= oldest) continue;
    await rm(paths.upload(id), { force: true });
    count++;
  }
  return count;
}

/** Lets waiting requests run. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
