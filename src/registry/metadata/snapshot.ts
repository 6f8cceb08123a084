import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { Paths } from "../paths.ts";
import type { S3Storage } from "../storage/s3.ts";

const objectName = "registry.db";
const interval = 5 * 60_000;

/**
 * With blobs in a bucket, a copy of the books goes there as well, every few minutes while they change and at the end,
 * so that a lost machine loses minutes and not the names of everything. One registry writes to a bucket's prefix.
 */
export function scheduleSnapshots(db: Database, paths: Paths, storage: S3Storage, log: Logger): AsyncDisposable {
  let copied = -1;
  let running: Promise<void> = Promise.resolve();
  const changes = () => db.query<{ n: number }, []>("SELECT total_changes() AS n").get()?.n ?? 0;
  const snapshot = async () => {
    const now = changes();
    if (now === copied) return;
    const file = paths.upload("snapshot.db");
    try {
      await rm(file, { force: true });
      db.query("VACUUM INTO ?").run(file);
      await storage.putObject(storage.objectKey(objectName), file, (await stat(file)).size);
      copied = now;
    } catch (error) {
      log.error("the copy of the books did not reach the bucket", { error: errorMessage(error) });
    } finally {
      await rm(file, { force: true });
    }
  };
  const timer = setInterval(() => {
    running = running.then(snapshot);
  }, interval);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await running;
      await snapshot();
    },
  };
}

/** Brings the books back from the bucket where this machine has none. True where it did. */
export async function restoreSnapshot(paths: Paths, storage: S3Storage, log: Logger): Promise<boolean> {
  if (existsSync(paths.database)) return false;
  const file = `${paths.database}.restored`;
  if (!(await storage.getObject(objectName, file))) return false;
  await rename(file, paths.database);
  log.warn("no data here: began with the bucket's copy of the books", { database: paths.database });
  return true;
}
