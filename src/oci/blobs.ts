import type { DigestAlgorithm } from "./digest.ts";

/**
 * Content by digest. A blob is whole and verified or not there at all: writers stream into a partial file, which takes
 * the digest's name by rename after its content was hashed and synced.
 */
export interface BlobStore {
  has(digest: string): boolean;

  /** Bytes, or undefined where there is no such blob. */
  size(digest: string): number | undefined;

  /**
   * The whole content, for manifests and configurations. Throws not-found; refuses more than `limit` bytes (default 16
   * MiB).
   */
  read(digest: string, limit?: number): Promise<Uint8Array>;

  /** The whole as a stream, or the bytes from `start` up to but without `end`. Throws not-found. */
  stream(digest: string, range?: { start: number; end?: number }): ReadableStream<Uint8Array>;

  /** Absolute path of a blob, for those who read it in a worker. The blob need not exist. */
  path(digest: string): string;

  /**
   * Opens the one writer of a blob whose digest is known. What an earlier attempt left is continued: start sending at
   * `writer.offset`. Throws `conflict` while another writer of the same digest is open.
   */
  writer(digest: string, size?: number): Promise<BlobWriter>;

  /** Stores small content whose digest is not known before; returns its digest, by sha256 unless told otherwise. */
  put(content: Uint8Array, algorithm?: DigestAlgorithm): Promise<string>;

  /**
   * Takes a finished file (same filesystem) whose digest the caller has computed while writing it. The file is gone
   * from its old place afterwards.
   */
  adopt(digest: string, file: string): Promise<void>;

  /** Idempotent. The blob is not there any more when this returns its promise; the space comes back after. */
  remove(digest: string): Promise<void>;

  /** Every whole blob. */
  list(): AsyncIterable<{ digest: string; size: number }>;

  /** Removes partial files that nobody has touched for `olderThanMs`, but those open now. */
  sweepPartials(olderThanMs: number): Promise<void>;
}

/** Writes one blob, which others see only after {@link commit}. */
export interface BlobWriter extends AsyncDisposable {
  /** Bytes there so far. */
  readonly offset: number;

  write(chunk: Uint8Array): Promise<void>;

  /** Throws everything away, to start again at 0 (the server ignored the range, or the content was wrong). */
  restart(): Promise<void>;

  /**
   * Verifies and publishes. Throws `invalid` where digest or size differ, having removed what was written.
   * Disposal without commit keeps the partial for the next attempt.
   */
  commit(): Promise<void>;
}
