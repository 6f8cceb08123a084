import { EngineError, unavailable } from "../../lib/errors.ts";
import { networkWords } from "../../lib/network-words.ts";
import type { BlobStore, BlobWriter } from "../../oci/blobs.ts";
import type { Descriptor } from "../../oci/image.ts";
import { type RegistryClient, wait } from "./client.ts";
import { pullScope } from "./fetch-manifest.ts";

/** How patiently a blob is fetched, and who hears of it. */
export interface FetchBlobOptions {
  /**
   * How many tries in a row may bring nothing before the fetch fails; a try that brings some bytes starts the count
   * anew.
   */
  attempts: number;
  /** A connection that brings nothing for so long counts as broken; default a minute. */
  stallMs?: number;
  signal?: AbortSignal | undefined;
  /** Told of the bytes that are there, now and again. */
  progress?: (have: number) => void;
}

/** Where a blob is to be had. */
export function blobUrl(repository: string, { digest, urls }: Descriptor): string {
  return urls?.find((url) => url.startsWith("https://")) ?? `/v2/${repository}/blobs/${digest}`;
}

/** Gives a connection up that brings nothing any more. */
export class StallWatch implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: Timer;

  constructor({ stallMs = 60_000, signal }: FetchBlobOptions) {
    const stalled = new AbortController();
    this.signal = signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal;
    this.#timer = setTimeout(
      () => stalled.abort(unavailable(`unexpected EOF: nothing came for ${stallMs / 1000} seconds`)),
      stallMs,
    );
  }

  /** Something came. */
  refresh(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Brings a blob into the store: continues a partial one by a Range request, goes on where a connection broke,
 * and starts anew where the registry answers with the whole or with something else. The store verifies.
 */
export async function fetchBlob(
  client: RegistryClient,
  repository: string,
  descriptor: Descriptor,
  blobs: BlobStore,
  options: FetchBlobOptions,
): Promise<void> {
  if (blobs.has(descriptor.digest)) return;
  for (const again of [true, false]) {
    await using writer = await blobs.writer(descriptor.digest, descriptor.size);
    const continued = writer.offset > 0;
    try {
      return await fill(client, repository, descriptor, writer, options);
    } catch (error) {
      // What was there before may have been wrong; it is gone now.
      if (!again || !continued || !(error instanceof EngineError) || error.kind !== "invalid") throw error;
    }
  }
}

async function fill(
  client: RegistryClient,
  repository: string,
  descriptor: Descriptor,
  writer: BlobWriter,
  options: FetchBlobOptions,
): Promise<void> {
  const source = blobUrl(repository, descriptor);
  for (let broken = 0; ; ) {
    const before = writer.offset;
    try {
      if (writer.offset < descriptor.size || descriptor.size === 0) await receive();
      if (writer.offset < descriptor.size)
        throw unavailable(`unexpected EOF: ${writer.offset} of ${descriptor.size} bytes`);
      await writer.commit();
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      // The store refused the content: what lies there is wrong, or the registry lies about it.
      if (error instanceof EngineError && error.kind !== "unavailable") throw named(error, descriptor.digest);
      broken = writer.offset > before ? 0 : broken + 1;
      if (broken >= options.attempts || (error instanceof EngineError && !/unexpected EOF/.test(error.message))) {
        throw unavailable(
          `failed to copy ${descriptor.digest}: ${error instanceof EngineError ? error.message : networkWords(error)}`,
          error,
        );
      }
      await wait(200 * 2 ** broken, options.signal);
    }
  }

  async function receive(): Promise<void> {
    const offset = writer.offset;
    using watch = new StallWatch(options);
    const response = await client.call(source, pullScope(repository), {
      headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
      accept: [416],
      signal: watch.signal,
    });
    if (response.status === 416 || (offset > 0 && (response.status !== 206 || !startsAt(response, offset)))) {
      await writer.restart();
      if (response.status !== 200) {
        await response.body?.cancel();
        return receive();
      }
    }
    watch.refresh();
    for await (const chunk of response.body ?? []) {
      watch.refresh();
      if (writer.offset + chunk.length > descriptor.size) {
        await writer.restart();
        throw new EngineError(
          "invalid",
          `failed to copy ${descriptor.digest}: the registry sent more than the ${descriptor.size} bytes that ` +
            "the manifest says",
        );
      }
      await writer.write(chunk);
      options.progress?.(writer.offset);
    }
  }
}

/** A refusal with the blob's digest added: a registry says only "blob unknown". */
function named(error: EngineError, digest: string): EngineError {
  return error.message.includes(digest) || error.cause === undefined
    ? error
    : new EngineError(error.kind, `failed to copy ${digest}: ${error.message}`, { cause: error.cause });
}

/** Whether an answer is the part that begins there. */
export function startsAt(response: Response, offset: number): boolean {
  return new RegExp(`^bytes ${offset}-`).test(response.headers.get("content-range") ?? "");
}
