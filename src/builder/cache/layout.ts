import { notFound } from "../../lib/errors.ts";
import { member, textMember } from "../../lib/tar/member.ts";
import { endOfArchive } from "../../lib/tar/writer.ts";
import type { Index } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { parseManifest } from "../../oci/parse.ts";
import type { BuilderDeps } from "../deps.ts";
import { blobPath } from "../source/layout-folder.ts";
import { cacheConfigType } from "./document.ts";

/**
 * An exported cache as the archive of an OCI layout, for `type=local`: its index names it by `tag`. Throws not-found.
 */
export async function cacheLayout(deps: BuilderDeps, digest: string, tag: string): Promise<AsyncGenerator<Uint8Array>> {
  const { blobs } = deps.images;
  const content = await blobs.read(digest);
  const { config, layers } = parseManifest(content);
  if (config.mediaType !== cacheConfigType) throw notFound(`no build cache ${digest}`);
  const self = { mediaType: mediaTypes.ociManifest, digest, size: content.length };
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...self, annotations: { "org.opencontainers.image.ref.name": tag } }],
  };
  return (async function* () {
    for (const blob of new Map([...layers, config, self].map((each) => [each.digest, each])).values()) {
      yield* member(blobPath(blob.digest), blob.size, () => blobs.stream(blob.digest));
    }
    yield* textMember("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    // Last: until it is there the old cache counts.
    yield* textMember("index.json", JSON.stringify(index));
    yield endOfArchive();
  })();
}
