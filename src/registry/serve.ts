import { mkdir, stat } from "node:fs/promises";
import { KeyedLock } from "../lib/lock.ts";
import { Logger } from "../lib/log.ts";
import { openAuth } from "./auth/open.ts";
import type { RegistryDeps } from "./deps.ts";
import { RegistryError } from "./errors.ts";
import { scheduleCollection } from "./gc/schedule.ts";
import { createHandler, errorAnswer } from "./http/handle.ts";
import { type Listener, listen } from "./listen.ts";
import { restoreSnapshot, scheduleSnapshots } from "./metadata/snapshot.ts";
import { openMetadata } from "./metadata/table.ts";
import { Metrics } from "./metrics.ts";
import { Mirrors } from "./mirror/mirrors.ts";
import type { RegistryOptions } from "./options.ts";
import { registryPaths } from "./paths.ts";
import { PullCounter } from "./pull-counter.ts";
import { flushPulls } from "./pulls.ts";
import { pageRoutes } from "./routes/page.ts";
import { protocolRoutes, statusRoutes } from "./routes/table.ts";
import { FilesystemStorage } from "./storage/filesystem.ts";
import { S3Storage } from "./storage/s3.ts";
import { UploadSessions } from "./uploads/sessions.ts";

/** A registry that takes requests at `url`. */
export interface RunningRegistry {
  url: URL;
  deps: RegistryDeps;
  /** Refuses new uploads, waits for those under way (at most `drainTimeout`), then closes everything. */
  stop(): Promise<void>;
}

/** Opens the data directory and answers requests until it is stopped. */
export async function serveRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  await using undo = new AsyncDisposableStack();
  const paths = registryPaths(options.data);
  await mkdir(paths.uploads, { recursive: true });
  if (!options.s3) {
    await mkdir(paths.blobs, { recursive: true });
    // Uploads become blobs by rename.
    if ((await stat(paths.blobs)).dev !== (await stat(paths.uploads)).dev)
      throw new Error(`${paths.blobs} and ${paths.uploads} must be on one file system`);
  }
  let draining = false;
  const base = {
    options,
    paths,
    metrics: new Metrics(),
    log: new Logger(options.logLevel, options.logFormat),
    now: Date.now,
  };
  const bucket = options.s3 && new S3Storage(options.s3);
  if (bucket) await restoreSnapshot(paths, bucket, base.log);
  const db = openMetadata(paths.database);
  undo.defer(() => db.close());
  if (bucket) undo.use(scheduleSnapshots(db, paths, bucket, base.log));
  const deps: RegistryDeps = {
    ...base,
    db,
    storage: bucket ?? new FilesystemStorage(paths.blobs),
    uploads: new UploadSessions(),
    locks: new KeyedLock(),
    mirrors: new Mirrors(options.mirrors, base.log, base.now),
    ...openAuth(base),
    pulls: new PullCounter(),
    accessLog: new Logger("info", options.logFormat, (line) => void process.stdout.write(line)),
    draining: () => draining,
  };
  undo.defer(() => flushPulls(deps));
  const flusher = setInterval(() => flushPulls(deps), 10_000);
  undo.defer(() => clearInterval(flusher));
  undo.use(scheduleCollection(deps));

  const listener = undo.use(
    await listen(options, deps.log, {
      fetch: createHandler(deps, [...protocolRoutes, ...statusRoutes, ...(options.page ? pageRoutes() : [])]),
      error: (error) => errorAnswer(deps, undefined, goneMeanwhile(error)),
    }),
  );

  const stack = undo.move();
  return {
    url: listener.url,
    deps,
    stop: async () => {
      draining = true;
      await drain(deps, listener);
      await stack.disposeAsync();
    },
  };
}

/** A blob's file is opened when it is sent; collection may have been faster. */
function goneMeanwhile(error: unknown): unknown {
  if (error instanceof Error && "code" in error && error.code === "ENOENT")
    return new RegistryError("BLOB_UNKNOWN", "blob unknown to registry", { cause: error });
  return error;
}

/**
 * An upload is several requests on one or more connections: the door stays open for those that are moving,
 * until they end, rest for ten seconds, or the time is over.
 */
async function drain(deps: RegistryDeps, listener: Listener): Promise<void> {
  const deadline = deps.now() + deps.options.drainTimeout;
  while (deps.uploads.activeSince(deps.now() - 10_000) > 0 && deps.now() < deadline) await Bun.sleep(50);
  await Promise.race([listener.drain(), Bun.sleep(Math.max(1000, deadline - deps.now()))]);
}
