import type { ImageDeps } from "../../image/deps.ts";
import { invalid } from "../../lib/errors.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/image.ts";

/** Blobs in a store of a build's client, by their digests. */
export interface ClientBlobs {
  /** What comes is not checked. Fails where there is none. */
  read(digest: string): AsyncIterable<Uint8Array>;
  /** Nothing to do where it is there already. */
  write(blob: Pick<Descriptor, "digest" | "size">, content: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Which of its stores: caches in a folder, an OCI layout, or where images go that are to be a folder. */
export type ClientStore = { kind: "cache" | "layout"; name: string } | { kind: "export" };

/** A manifest, index or configuration. Throws `invalid` for one that is not what its digest says, or is too large. */
export async function readDocument(
  blobs: Pick<ClientBlobs, "read">,
  digest: string,
  most: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of blobs.read(digest)) {
    size += part.length;
    if (size > most) throw invalid(`${digest} of the client is larger than ${most} bytes`);
    parts.push(part);
  }
  const content = Buffer.concat(parts);
  if (digestOf(content) !== digest) throw invalid(`what the client has as ${digest} has another digest`);
  return content;
}

/** Brings a blob into the engine's store, which checks it. */
export async function bringFromClient(
  deps: Pick<ImageDeps, "blobs" | "locks">,
  blobs: Pick<ClientBlobs, "read">,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
): Promise<void> {
  using _only = await deps.locks.acquire(`blob ${digest}`);
  if (deps.blobs.has(digest)) return;
  await using writer = await deps.blobs.writer(digest, size);
  await writer.restart();
  for await (const part of blobs.read(digest)) await writer.write(part);
  await writer.commit();
}

/** Sends blobs of the engine's store, in their order. */
export async function sendToClient(
  deps: Pick<ImageDeps, "blobs">,
  client: ClientBlobs,
  blobs: readonly Pick<Descriptor, "digest" | "size">[],
): Promise<void> {
  for (const blob of blobs) await client.write(blob, deps.blobs.stream(blob.digest));
}
