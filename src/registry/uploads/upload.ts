import { rm, stat } from "node:fs/promises";
import { hasCode } from "../../lib/errors.ts";
import type { RegistryContext } from "../context.ts";
import { RegistryError } from "../errors.ts";
import { recordBlob, storedBlobSize } from "../metadata/blobs.ts";
import { countUploads, deleteUpload, findUpload, insertUpload, type UploadRow } from "../metadata/uploads.ts";
import { algorithmOf } from "../names.ts";
import { checkQuota, quotaRoom } from "../quota.ts";
import { hashFile, writeStream } from "./write.ts";

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Unfinished ones; each costs a row and perhaps a file until it expires. */
const mostUploads = 10_000;

const unknown = (id: string) => new RegistryError("BLOB_UPLOAD_UNKNOWN", "no such upload: it was finished, cancelled or never begun here", { detail: { id: id.slice(0, 80) } });

export function startUpload(ctx: RegistryContext, repository: string): UploadRow {
  if (ctx.draining()) throw new RegistryError("UNAVAILABLE", "the registry is stopping: try again shortly", { headers: { "Retry-After": "5" } });
  if (countUploads(ctx.db) >= mostUploads) throw new RegistryError("TOOMANYREQUESTS", "too many unfinished uploads: finish or cancel some", { headers: { "Retry-After": "60" } });
  const now = ctx.now();
  const row = { id: crypto.randomUUID(), repository, started: now, touched: now };
  insertUpload(ctx.db, row);
  ctx.uploads.touch(row.id, now);
  return row;
}

/** Bytes received so far. Throws BLOB_UPLOAD_UNKNOWN. */
export async function uploadOffset(ctx: RegistryContext, repository: string, id: string): Promise<number> {
  if (!idPattern.test(id) || !findUpload(ctx.db, repository, id)) throw unknown(id);
  return await fileSize(ctx.paths.upload(id));
}

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
export async function appendUpload(ctx: RegistryContext, repository: string, id: string, append: Append): Promise<number> {
  using _ = await ctx.uploads.locks.acquire(id);
  return await appendLocked(ctx, repository, id, append);
}

async function appendLocked(ctx: RegistryContext, repository: string, id: string, { body, start, length, digest }: Append): Promise<number> {
  const offset = await uploadOffset(ctx, repository, id);
  if (start !== undefined && start !== offset) {
    throw new RegistryError("RANGE_INVALID", `the chunk begins at ${start}, but the upload has ${offset} bytes`, {
      detail: { offset },
      headers: { Location: `/v2/${repository}/blobs/uploads/${id}`, Range: rangeHeader(offset) },
    });
  }
  ctx.uploads.touch(id, ctx.now());
  if (!body || length === 0) return offset;
  const limit = ctx.options.maxBlobBytes;
  const room = quotaRoom(ctx, repository, digest);
  const check = (bytes: number) => {
    if (bytes > limit) throw new RegistryError("SIZE_INVALID", `a blob may have at most ${limit} bytes here`, { status: 413 });
    if (bytes > room) checkQuota(ctx, repository, bytes, digest);
  };
  check(offset + (length ?? 0));
  const path = ctx.paths.upload(id);
  const state = ctx.uploads.takeHash(id, offset) ?? (await hashFile(path, "sha256", offset));
  const { offset: size, error } = await writeStream(path, state, body, check).catch((cause: unknown) => {
    if (hasCode(cause, "ENOSPC", "EDQUOT")) throw new RegistryError("UNAVAILABLE", "the registry's disk is full", { status: 507, cause });
    throw cause;
  });
  ctx.metrics.bytesReceived.add(size - offset);
  ctx.uploads.keepHash(id, state);
  ctx.uploads.touch(id, ctx.now());
  if (error !== undefined) throw new RegistryError("BLOB_UPLOAD_INVALID", `the upload broke off after ${size} bytes, which are kept`, { cause: error });
  if (length !== undefined && size - offset !== length) {
    throw new RegistryError("SIZE_INVALID", `${length} bytes were announced, but ${size - offset} came`);
  }
  return size;
}

/**
 * Ends an upload, with its last bytes if there are any: verifies, stores, links. Content that turns out to be something
 * else is thrown away (DIGEST_INVALID). Returns the blob's size.
 */
export async function finishUpload(ctx: RegistryContext, repository: string, id: string, digest: string, append: Append): Promise<number> {
  using _ = await ctx.uploads.locks.acquire(id);
  const size = await appendLocked(ctx, repository, id, { ...append, digest });
  const path = ctx.paths.upload(id);
  const algorithm = algorithmOf(digest);
  const kept = algorithm === "sha256" ? ctx.uploads.takeHash(id, size) : undefined;
  const state = kept ?? (await hashFile(path, algorithm, size));
  const actual = `${algorithm}:${state.hasher.digest("hex")}`;
  if (actual !== digest) {
    await discard(ctx, id);
    throw new RegistryError("DIGEST_INVALID", `the ${size} bytes that came have the digest ${actual}, not ${digest}`, { detail: { expected: digest, actual, size } });
  }
  if (size === 0) await Bun.write(path, "");
  checkQuota(ctx, repository, size, digest);
  await storeFile(ctx, repository, digest, path, size);
  deleteUpload(ctx.db, id);
  ctx.uploads.close(id);
  return size;
}

/** Puts a verified file into storage, once, and links it into the repository. The file is gone afterwards. */
export async function storeFile(ctx: RegistryContext, repository: string, digest: string, file: string, size: number): Promise<void> {
  // Collection removes a blob's row and bytes under the same lock.
  using _ = await ctx.locks.acquire(digest);
  if (storedBlobSize(ctx.db, digest) === undefined) await ctx.storage.put(digest, file, size);
  else await rm(file, { force: true });
  recordBlob(ctx.db, repository, digest, size, ctx.now());
}

export async function cancelUpload(ctx: RegistryContext, repository: string, id: string): Promise<void> {
  using _ = await ctx.uploads.locks.acquire(id);
  if (!idPattern.test(id) || !findUpload(ctx.db, repository, id)) throw unknown(id);
  await discard(ctx, id);
}

export async function discard(ctx: RegistryContext, id: string): Promise<void> {
  await rm(ctx.paths.upload(id), { force: true });
  deleteUpload(ctx.db, id);
  ctx.uploads.close(id);
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
