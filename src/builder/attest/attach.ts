import type { Lease } from "../../image/collect/lease.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { BuilderDeps } from "../deps.ts";
import type { Statement } from "./statement.ts";

const inTotoType = "application/vnd.in-toto+json";

/** Attestations on an image, as a manifest in the blob store. */
export interface Attachment {
  descriptor: Descriptor;
  /** The configuration and the statements. */
  blobs: Descriptor[];
}

/**
 * Stores statements on an image as the manifest that stands beside the image's own in an index, in BuildKit's layout.
 */
export async function attach(
  deps: BuilderDeps,
  subject: Descriptor,
  statements: readonly Statement[],
  lease: Lease,
): Promise<Attachment> {
  const put = async (content: unknown, mediaType: string, indent?: number): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(content, null, indent));
    const digest = digestOf(bytes);
    lease.add("blob", digest);
    await deps.images.blobs.put(bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const layers: Descriptor[] = [];
  for (const each of statements)
    layers.push({ ...(await put(each, inTotoType)), annotations: { "in-toto.io/predicate-type": each.predicateType } });
  const config = await put(
    {
      architecture: "unknown",
      os: "unknown",
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    },
    mediaTypes.ociConfig,
  );
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const own = await put(manifest, mediaTypes.ociManifest, 2);
  return {
    descriptor: {
      ...own,
      platform: { architecture: "unknown", os: "unknown" },
      annotations: {
        "vnd.docker.reference.digest": subject.digest,
        "vnd.docker.reference.type": "attestation-manifest",
      },
    },
    blobs: [config, ...layers],
  };
}
