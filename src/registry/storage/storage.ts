/** Bytes of a blob: both ends inclusive, within the blob. */
export interface ByteRange {
  start: number;
  end: number;
}

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

  /** Content to answer with; the file or object is opened when it is sent. The caller knows that the blob is there. */
  body(digest: string, range?: ByteRange): Blob | ReadableStream<Uint8Array>;

  /** The whole of a small blob; undefined where it is missing or larger than `limit`. */
  read(digest: string, limit: number): Promise<Uint8Array | undefined>;

  /** Idempotent. */
  remove(digest: string): Promise<void>;

  list(): AsyncIterable<StoredBlob>;

  /** A short-lived address that clients can fetch the blob from themselves, where that is wanted. */
  redirect?(digest: string): string | undefined;
}
