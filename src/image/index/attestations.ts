import type { AttestationStatement } from "../../api/types/image.ts";
import type { Platform } from "../../oci/image.ts";
import { object, parseIndex, parseManifest } from "../../oci/parse.ts";
import type { ImageDeps } from "../deps.ts";
import { indexOf, resolveImage } from "../resolve.ts";

/** Which attestations of an image are asked for. */
export interface AttestationsRequest {
  platform?: Platform;
  /** Only these predicates; empty: all. */
  types: readonly string[];
  /** With the statements themselves. */
  statements: boolean;
}

const maxBytes = 64 * 1024 * 1024;

/**
 * `GET /images/{name}/attestations`: what is attested of an image, where its index is here and says so. Throws
 * not-found.
 */
export async function imageAttestations(
  deps: ImageDeps,
  refOrId: string,
  { platform, types, statements }: AttestationsRequest,
): Promise<AttestationStatement[]> {
  const image = resolveImage(deps, refOrId, platform ? { platform } : {});
  const digest = indexOf(deps, refOrId);
  if (digest === undefined || !deps.blobs.has(digest)) return [];
  const found: AttestationStatement[] = [];
  for (const { digest: attached, annotations } of parseIndex(await deps.blobs.read(digest)).manifests) {
    if (
      annotations?.["vnd.docker.reference.type"] !== "attestation-manifest" ||
      annotations["vnd.docker.reference.digest"] !== image.manifestDigest ||
      !deps.blobs.has(attached)
    )
      continue;
    for (const layer of parseManifest(await deps.blobs.read(attached)).layers) {
      const type = layer.annotations?.["in-toto.io/predicate-type"] ?? "";
      if ((types.length > 0 && !types.includes(type)) || !deps.blobs.has(layer.digest)) continue;
      found.push({
        Descriptor: layer,
        PredicateType: type,
        ...(statements && { Statement: object(await deps.blobs.read(layer.digest, maxBytes), "statement") }),
      });
    }
  }
  return found;
}
