import { notImplemented } from "../../lib/errors.ts";
import type { ExtractOptions, ExtractResult, PackOptions, PackResult } from "./options.ts";

/** An archive to read: a file on disk (read by the worker itself, fastest) or a stream from anywhere. */
export type ArchiveSource = { file: string } | AsyncIterable<Uint8Array>;

/**
 * Archives in and out of directory trees, in worker threads. One per daemon. A worker is started when it is needed and
 * ends when it has been idle for a while, so that an idle daemon holds none.
 */
export class Archiver implements AsyncDisposable {
  /** Extracts an archive under `root`. On failure what was extracted so far stays: the caller removes it. */
  extract(_source: ArchiveSource, _root: string, _options: ExtractOptions = {}, _signal?: AbortSignal): Promise<ExtractResult> {
    throw notImplemented("extract");
  }

  /** Packs the tree under `root` into a stream. The walk runs as the reader reads; cancel the stream to stop it. */
  pack(_root: string, _options: PackOptions = {}): ReadableStream<Uint8Array> {
    throw notImplemented("pack");
  }

  /** Packs into a new file. Entries are sorted and carry nothing of the moment, so equal trees give equal archives. */
  packToFile(_root: string, _file: string, _options: PackOptions = {}, _signal?: AbortSignal): Promise<PackResult> {
    throw notImplemented("packToFile");
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
