import { tarEntry } from "../../lib/tar/entry.ts";
import { encodeHeader, endOfArchive, padding } from "../../lib/tar/writer.ts";
import { notFound } from "../../lib/errors.ts";
import type { Index } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parseManifest } from "../../oci/parse.ts";
import type { BuildContext } from "../context.ts";
import { cacheConfigType } from "./document.ts";
import { blobPath } from "./import.ts";

/** An exported cache as the archive of an OCI layout, for `type=local`: its index names it by `tag`. Throws not-found. */
export async function cacheLayout(ctx: BuildContext, digest: string, tag: string): Promise<AsyncGenerator<Uint8Array>> {
  const { blobs } = ctx.images;
  const content = await blobs.read(digest);
  const { config, layers } = parseManifest(content);
  if (config.mediaType !== cacheConfigType) throw notFound(`no build cache ${digest}`);
  const self = { mediaType: mediaTypes.ociManifest, digest, size: content.length };
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [{ ...self, annotations: { "org.opencontainers.image.ref.name": tag } }] };
  return (async function* () {
    for (const blob of new Map([...layers, config, self].map((each) => [each.digest, each])).values()) {
      yield encodeHeader(tarEntry({ name: blobPath(blob.digest), size: blob.size }));
      yield* blobs.stream(blob.digest);
      yield padding(blob.size);
    }
    yield* file("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    // Last: until it is there the old cache counts.
    yield* file("index.json", JSON.stringify(index));
    yield endOfArchive();
  })();
}

function* file(name: string, text: string): Generator<Uint8Array> {
  const content = Buffer.from(text);
  yield encodeHeader(tarEntry({ name, size: content.length }));
  yield content;
  yield padding(content.length);
}
