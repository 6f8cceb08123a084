import { rm, stat } from "node:fs/promises";
import { hasCode } from "../../lib/errors.ts";
import type { RegistryDeps } from "../deps.ts";
import { RegistryError } from "../errors.ts";
import { recordBlob, storedBlobSize } from "../metadata/blobs.ts";
import { countUploads, deleteUpload, findUpload, insertUpload, type UploadRow } from "../metadata/uploads.ts";
import { algorithmOf } from "../names.ts";
import { checkQuota, quotaRoom } from "../quota.ts";
import { hashFile, writeStream } from "./write.ts";

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Unfinished ones; each costs a row and perhaps a file until it expires. */
const mostUploads = 10_000;

const unknown = (id: string) =>
  new RegistryError("BLOB_UPLOAD_UNKNOWN", "no such upload: it was finished, cancelled or never begun here", {
    detail: { id: id.slice(0, 80) },
  });

/**
 * Begins an upload under a new id. Throws UNAVAILABLE while the registry is stopping, and TOOMANYREQUESTS when too many
 * uploads are unfinished; both say in `Retry-After` when to come again.
 */
export function startUpload(deps: RegistryDeps, repository: string): UploadRow {
  if (deps.draining())
    throw new RegistryError("UNAVAILABLE", "the registry is stopping: try again shortly", {
      headers: { "Retry-After": "5" },
    });
  if (countUploads(deps.db) >= mostUploads)
    throw new RegistryError("TOOMANYREQUESTS", "too many unfinished uploads: finish or cancel some", {
      headers: { "Retry-After": "60" },
    });
  const now = deps.now();
  const row = { id: crypto.randomUUID(), repository, started: now, touched: now };
  insertUpload(deps.db, row);
  deps.uploads.touch(row.id, now);
  return row;
}

/** Bytes received so far. Throws BLOB_UPLOAD_UNKNOWN. */
export async function uploadOffset(deps: RegistryDeps, repository: string, id: string): Promise<number> {
  if (!idPattern.test(id) || !findUpload(deps.db, repository, id)) throw unknown(id);
  return await fileSize(deps.paths.upload(id));
}

/** A piece of an upload. `body` null: no bytes. */
export interface Append {
  body: AsyncIterable<Uint8Array> | null;
  /** Where the client believes the chunk begins; undefined: at the end. */
  start?: number;
  /** Bytes that the client announced. */
  length?: number;
  /** What the whole will be, where that is known. */
  digest?: string;
}

/**
 * Appends to an upload and returns its new size. What arrives before a broken connection is kept, so that the client
 * can ask for the offset and go on. Throws RANGE_INVALID where the chunk is out of order.
 */
export async function appendUpload(
  deps: RegistryDeps,
  repository: string,
  id: string,
  append: Append,
): Promise<number> {
  using _ = await deps.uploads.locks.acquire(id);
  return await appendLocked(deps, repository, id, append);
}

async function appendLocked(
  deps: RegistryDeps,
  repository: string,
  id: string,
  { body, start, length, digest }: Append,
): Promise<number> {
  const offset = await uploadOffset(deps, repository, id);
  if (start !== undefined && start !== offset) {
    throw new RegistryError("RANGE_INVALID", `the chunk begins at ${start}, but the upload has ${offset} bytes`, {
      detail: { offset },
      headers: { Location: `/v2/${repository}/blobs/uploads/${id}`, Range: rangeHeader(offset) },
    });
  }
  deps.uploads.touch(id, deps.now());
  if (!body || length === 0) return offset;
  const limit = deps.options.maxBlobBytes;
  const room = quotaRoom(deps, repository, digest);
  const check = (bytes: number) => {
    if (bytes > limit)
      throw new RegistryError("SIZE_INVALID", `a blob may have at most ${limit} bytes here`, { status: 413 });
    if (bytes > room) checkQuota(deps, repository, bytes, digest);
  };
  check(offset + (length ?? 0));
  const path = deps.paths.upload(id);
  const state = deps.uploads.takeHash(id, offset) ?? (await hashFile(path, "sha256", offset));
  const { offset: size, error } = await writeStream(path, state, body, check).catch((cause: unknown) => {
    if (hasCode(cause, "ENOSPC", "EDQUOT"))
      throw new RegistryError("UNAVAILABLE", "the registry's disk is full", { status: 507, cause });
    throw cause;
  });
  deps.metrics.bytesReceived.add(size - offset);
  deps.uploads.keepHash(id, state);
  deps.uploads.touch(id, deps.now());
  if (error !== undefined)
    throw new RegistryError("BLOB_UPLOAD_INVALID", `the upload broke off after ${size} bytes, which are kept`, {
      cause: error,
    });
  if (length !== undefined && size - offset !== length) {
    throw new RegistryError("SIZE_INVALID", `${length} bytes were announced, but ${size - offset} came`);
  }
  return size;
}

/**
 * Ends an upload, with its last bytes if there are any: verifies, stores, links. Content that turns out to be something
 * else is thrown away (DIGEST_INVALID). Returns the blob's size.
 */
export async function finishUpload(
  deps: RegistryDeps,
  repository: string,
  id: string,
  digest: string,
  append: Append,
): Promise<number> {
  using _ = await deps.uploads.locks.acquire(id);
  const size = await appendLocked(deps, repository, id, { ...append, digest });
  const path = deps.paths.upload(id);
  const algorithm = algorithmOf(digest);
  const kept = algorithm === "sha256" ? deps.uploads.takeHash(id, size) : undefined;
  const state = kept ?? (await hashFile(path, algorithm, size));
  const actual = `${algorithm}:${state.hasher.digest("hex")}`;
  if (actual !== digest) {
    await discard(deps, id);
    throw new RegistryError("DIGEST_INVALID", `the ${size} bytes that came have the digest ${actual}, not ${digest}`, {
      detail: { expected: digest, actual, size },
    });
  }
  if (size === 0) await Bun.write(path, "");
  checkQuota(deps, repository, size, digest);
  await storeFile(deps, repository, digest, path, size);
  deleteUpload(deps.db, id);
  deps.uploads.close(id);
  return size;
}

/** Puts a verified file into storage, once, and links it into the repository. The file is gone afterwards. */
export async function storeFile(
  deps: RegistryDeps,
  repository: string,
  digest: string,
  file: string,
  size: number,
): Promise<void> {
  // Collection removes a blob's row and bytes under the same lock.
  using _ = await deps.locks.acquire(digest);
  if (storedBlobSize(deps.db, digest) === undefined) await deps.storage.put(digest, file, size);
  else await rm(file, { force: true });
  recordBlob(deps.db, repository, digest, size, deps.now());
}

/** Ends an upload and deletes its bytes. Throws BLOB_UPLOAD_UNKNOWN if the repository has no such upload. */
export async function cancelUpload(deps: RegistryDeps, repository: string, id: string): Promise<void> {
  using _ = await deps.uploads.locks.acquire(id);
  if (!idPattern.test(id) || !findUpload(deps.db, repository, id)) throw unknown(id);
  await discard(deps, id);
}

/** Deletes an upload's file and row; no error where they are gone already. Takes no lock itself. */
export async function discard(deps: RegistryDeps, id: string): Promise<void> {
  await rm(deps.paths.upload(id), { force: true });
  deleteUpload(deps.db, id);
  deps.uploads.close(id);
}

/** The specification's form, in which nothing at all and one byte look alike. */
export function rangeHeader(offset: number): string {
  return `0-${Math.max(0, offset - 1)}`;
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}
