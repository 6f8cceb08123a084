import { tarEntry } from "../../lib/tar/entry.ts";
import { member, textMember } from "../../lib/tar/member.ts";
import { encodeHeader, endOfArchive } from "../../lib/tar/writer.ts";
import { layoutPath } from "../../oci/digest.ts";
import type { Descriptor, Index } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { familiarString, fullString, type Reference } from "../../oci/reference.ts";
import type { BuilderDeps } from "../deps.ts";
import type { Packed } from "./pack.ts";

/** All blobs that were packed, each once, and before what names it. */
export function packedBlobs({ top, manifests, attestations }: Packed): Descriptor[] {
  const all = [...manifests, ...attestations].flatMap(({ descriptor, blobs }) => [...blobs, descriptor]);
  return [...new Map([...all, top].map((blob) => [blob.digest, blob])).values()];
}

/**
 * What was packed as the archive of an OCI layout; `docker`: with what `docker load` of old reads too, for one image.
 */
export async function* layoutArchive(
  { images: { blobs } }: Pick<BuilderDeps, "images">,
  packed: Packed,
  tags: readonly Reference[],
  kind: "oci" | "docker",
): AsyncGenerator<Uint8Array> {
  yield encodeHeader(tarEntry({ name: "blobs", type: "directory", mode: 0o755 }));
  yield encodeHeader(tarEntry({ name: "blobs/sha256", type: "directory", mode: 0o755 }));
  for (const { digest, size } of packedBlobs(packed).sort((a, b) => (a.digest < b.digest ? -1 : 1)))
    yield* member(layoutPath(digest), size, () => blobs.stream(digest));
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries(packed.top, tags) };
  yield* textMember("index.json", JSON.stringify(index));
  const [config, ...layers] = packed.manifests[0]?.blobs ?? [];
  if (kind === "docker" && config)
    yield* textMember(
      "manifest.json",
      JSON.stringify([
        {
          Config: layoutPath(config.digest),
          RepoTags: tags.length === 0 ? null : tags.map(familiarString),
          Layers: layers.map(({ digest }) => layoutPath(digest)),
        },
      ]),
    );
  yield* textMember("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  yield endOfArchive();
}

function entries(top: Descriptor, tags: readonly Reference[]): Descriptor[] {
  if (tags.length === 0) return [top];
  return tags.map((ref) => ({
    ...top,
    annotations: {
      ...top.annotations,
      "io.containerd.image.name": fullString(ref),
      "org.opencontainers.image.ref.name": ref.tag ?? "latest",
    },
  }));
}
