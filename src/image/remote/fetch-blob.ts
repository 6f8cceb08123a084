import { EngineError, errorMessage, unavailable } from "../../lib/errors.ts";
import type { BlobStore } from "../../oci/blobs.ts";
import type { Descriptor } from "../../oci/image.ts";
import { wait, type RegistryClient } from "./client.ts";
import { pullScope } from "./fetch-manifest.ts";

export interface FetchBlobOptions {
  /** How often it is tried to get further; a try that brings something is none. */
  attempts: number;
  signal?: AbortSignal | undefined;
  /** Told of the bytes that are there, now and again. */
  progress?: (have: number) => void;
}

/**
 * Brings a blob into the store: continues a partial one by a Range request, goes on where a connection broke,
 * and starts anew where the registry answers with the whole or with something else. The store verifies.
 */
export async function fetchBlob(client: RegistryClient, repository: string, descriptor: Descriptor, blobs: BlobStore, options: FetchBlobOptions): Promise<void> {
  if (blobs.has(descriptor.digest)) return;
  await using writer = await blobs.writer(descriptor.digest, descriptor.size);
  const source = descriptor.urls?.find((url) => url.startsWith("https://")) ?? `/v2/${repository}/blobs/${descriptor.digest}`;
  for (let broken = 0; ; ) {
    const before = writer.offset;
    try {
      if (writer.offset < descriptor.size || descriptor.size === 0) await receive();
      if (writer.offset < descriptor.size) throw unavailable(`unexpected EOF: ${writer.offset} of ${descriptor.size} bytes`);
      await writer.commit();
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      // The store refused the content: what lies there is wrong, or the registry lies about it.
      if (error instanceof EngineError && error.kind !== "unavailable") throw error;
      broken = writer.offset > before ? 0 : broken + 1;
      if (broken >= options.attempts || (error instanceof EngineError && !/unexpected EOF/.test(error.message))) {
        throw unavailable(`failed to copy ${descriptor.digest}: ${errorMessage(error)}`, error);
      }
      await wait(200 * 2 ** broken, options.signal);
    }
  }

  async function receive(): Promise<void> {
    const offset = writer.offset;
    const response = await client.call(source, pullScope(repository), {
      headers: offset > 0 ? { range: `bytes=${offset}-` } : {}, accept: [416], signal: options.signal,
    });
    if (response.status === 416 || (offset > 0 && (response.status !== 206 || !startsAt(response, offset)))) {
      await writer.restart();
      if (response.status !== 200) {
        await response.body?.cancel();
        return receive();
      }
    }
    for await (const chunk of response.body ?? []) {
      if (writer.offset + chunk.length > descriptor.size) {
        await writer.restart();
        throw new EngineError("invalid", `failed to copy ${descriptor.digest}: the registry sent more than the ${descriptor.size} bytes that the manifest says`);
      }
      await writer.write(chunk);
      options.progress?.(writer.offset);
    }
  }
}

function startsAt(response: Response, offset: number): boolean {
  return new RegExp(`^bytes ${offset}-`).test(response.headers.get("content-range") ?? "");
}
