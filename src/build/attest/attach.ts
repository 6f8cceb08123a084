import type { Lease } from "../../image/lease.ts";
import { digestOf } from "../../oci/digest.ts";
import type { Descriptor, Manifest } from "../../oci/image.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { BuildContext } from "../context.ts";
import type { Statement } from "./statement.ts";

export const inTotoType = "application/vnd.in-toto+json";

/**
 * Stores statements on an image as the manifest that stands beside the image's own in an index, in BuildKit's layout.
 * Returns its descriptor and all blobs that it is made of.
 */
export async function attach(ctx: BuildContext, subject: Descriptor, statements: readonly Statement[], lease: Lease): Promise<{ descriptor: Descriptor; blobs: string[] }> {
  const put = async (content: unknown, mediaType: string, indent?: number): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(content, null, indent));
    const digest = digestOf(bytes);
    lease.add("blob", digest);
    await ctx.images.blobs.put(bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const layers: Descriptor[] = [];
  for (const each of statements) layers.push({ ...(await put(each, inTotoType)), annotations: { "in-toto.io/predicate-type": each.predicateType } });
  const config = await put({ architecture: "unknown", os: "unknown", config: {}, rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) } }, mediaTypes.ociConfig);
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const own = await put(manifest, mediaTypes.ociManifest, 2);
  return {
    descriptor: {
      ...own, platform: { architecture: "unknown", os: "unknown" },
      annotations: { "vnd.docker.reference.digest": subject.digest, "vnd.docker.reference.type": "attestation-manifest" },
    },
    blobs: [own, config, ...layers].map(({ digest }) => digest),
  };
}
