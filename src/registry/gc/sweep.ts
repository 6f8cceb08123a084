import type { RegistryDeps } from "../deps.ts";
import { storedBlobSize } from "../metadata/blobs.ts";

/**
 * Compares storage with the books, both ways: bytes that no row knows go (a crash between the two left them: whoever
 * stores holds the blob's lock until both are there); rows whose bytes are gone (somebody removed files) are struck out
 * and reported, so that the next push brings the content back instead of being told that it is there.
 */
export async function sweep(deps: RegistryDeps): Promise<{ strays: number; missing: number }> {
  const { db, storage, log } = deps;
  const began = deps.now();
  const seen = new Set<string>();
  let strays = 0;
  for await (const { digest } of storage.list()) {
    seen.add(digest);
    if (storedBlobSize(db, digest) !== undefined) continue;
    using _ = await deps.locks.acquire(digest);
    if (storedBlobSize(db, digest) !== undefined) continue;
    await storage.remove(digest);
    strays++;
  }
  let missing = 0;
  const rows = db.query<{ digest: string }, [number]>("SELECT digest FROM blob WHERE stored < ?").all(began);
  for (const { digest } of rows) {
    if (seen.has(digest)) continue;
    using _ = await deps.locks.acquire(digest);
    if ((await storage.size(digest)) !== undefined || storedBlobSize(db, digest) === undefined) continue;
    db.transaction(() => {
      db.query("DELETE FROM link WHERE digest = ?").run(digest);
      db.query("DELETE FROM blob WHERE digest = ?").run(digest);
    }).immediate();
    log.error("the content of a blob is missing from storage: push an image that has it again", { digest });
    missing++;
  }
  collectRepositories(deps);
  return { strays, missing };
}

/** Names that hold nothing any more. */
function collectRepositories({ db, options, now }: RegistryDeps): void {
  db.query(
    `DELETE FROM repository WHERE created < ?
     AND NOT EXISTS (SELECT 1 FROM manifest WHERE manifest.repository = repository.id)
     AND NOT EXISTS (SELECT 1 FROM link WHERE link.repository = repository.id)
     AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.repository = repository.name)`,
  ).run(now() - options.gcGrace);
}
