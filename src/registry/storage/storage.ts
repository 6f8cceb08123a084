/** Bytes of a blob: both ends inclusive, within the blob. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A blob in the storage; `size` in bytes. */
export interface StoredBlob {
  digest: string;
  size: number;
}

/**
 * Where verified content lives. What is named by a digest is whole; nothing here knows of repositories.
 * Every implementation runs storage.suite.ts.
 */
export interface BlobStorage {
  /**
   * Takes over `file`, whose content has this digest and size, and returns when it is durable. The file is gone
   * afterwards. Content that is there already is left alone.
   */
  put(digest: string, file: string, size: number): Promise<void>;

  /** Bytes, or undefined where there is no such blob. */
  size(digest: string): Promise<number | undefined>;

  /**
   * Content to answer with, of a blob that the caller knows to be there. A file is opened when it is sent; an object
   * has begun to come when this resolves.
   */
  body(digest: string, range?: ByteRange): Promise<Blob | ReadableStream<Uint8Array>>;

  /** The whole of a small blob; undefined where it is missing or larger than `limit`. */
  read(digest: string, limit: number): Promise<Uint8Array | undefined>;

  /** Idempotent. */
  remove(digest: string): Promise<void>;

  list(): AsyncIterable<StoredBlob>;

  /** Throws UNAVAILABLE where the storage cannot be reached; cheap enough to be asked by anybody. */
  check?(): Promise<void>;

  /** A short-lived address that clients can fetch the blob from themselves, where that is wanted. */
  redirect?(digest: string): string | undefined;
}
